// Comparison without tolerance, for integers, names and bytes.

import type { Check } from "./check.ts";

/** Counts one comparison, which fails unless all values are equal (NaN equals NaN). */
export function exact(check: Check, label: string, got: ArrayLike<unknown>, want: ArrayLike<unknown>): void {
  if (got.length !== want.length) return check.fail(`${label}: ${got.length} values, expected ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(got[i], want[i])) return check.fail(`${label}: ${got[i]} at ${i}, expected ${want[i]}`);
  }
  check.count++;
}
