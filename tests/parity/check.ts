// Collects comparisons of one fixture on one device.

import type { Tolerance } from "./fixture.ts";

export class Check {
  count = 0;
  /** Largest error as a share of what is allowed. */
  worst = 0;
  failures: string[] = [];

  /** |got - want| <= atol + rtol * max|want| over the whole tensor. */
  close(label: string, got: ArrayLike<number>, want: ArrayLike<number>, { rtol, atol }: Tolerance): void {
    this.count++;
    if (got.length !== want.length) {
      this.failures.push(`${label}: ${got.length} values, expected ${want.length}`);
      return;
    }
    let largest = 0, error = 0, at = 0;
    for (let i = 0; i < want.length; i++) largest = Math.max(largest, Math.abs(want[i]));
    for (let i = 0; i < want.length; i++) {
      const distance = Math.abs(got[i] - want[i]);
      if (!(distance <= error)) [error, at] = [distance, i];
      if (Number.isNaN(distance)) break;
    }
    const share = error / (atol + rtol * largest);
    if (share > this.worst) this.worst = share;
    if (!(share <= 1)) {
      this.failures.push(
        `${label}: ${got[at]} at ${at}, expected ${want[at]}; error ${error.toExponential(2)}, allowed ${
          (atol + rtol * largest).toExponential(2)
        }`,
      );
    }
  }

  fail(message: string): void {
    this.count++;
    this.failures.push(message);
  }
}
