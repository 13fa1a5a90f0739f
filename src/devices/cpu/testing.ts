// For the tests of the CPU kernels: numbers to compute with, a place for them, and how far two arrays are apart.

import { CpuKernels } from "./kernels.ts";

/** Numbers in -1..1 that look random and are the same every time. */
export function noise(length: number, seed = 1): Float32Array {
  const values = new Float32Array(length);
  let state = seed * 2654435761 >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 31 - 1;
  }
  return values;
}

/** Copies values into the kernels' memory and returns the pointer. */
export function put(kernels: CpuKernels, values: ArrayLike<number>): number {
  const pointer = kernels.allocate(4 * values.length);
  kernels.f32(pointer, values.length).set(values);
  return pointer;
}

/** The largest |a - b|; NaN unless both have NaN at the same places only. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] === b[i] || Number.isNaN(a[i]) && Number.isNaN(b[i])) continue;
    most = Math.max(most, Math.abs(a[i] - b[i])); // NaN stays
  }
  return most;
}

/** erf in double precision: its series, and a continued fraction for the tail. */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x < 2.5) {
    let sum = x, term = x;
    for (let n = 1; n < 80; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }
  let fraction = 0;
  for (let n = 80; n > 0; n--) fraction = n / 2 / (x + fraction);
  return 1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

export const gelu = (x: number) => x / 2 * (1 + erf(x / Math.SQRT2));

/** Runs `body` on kernels with each build and 1, 2 and 3 threads, and returns its results; the first is the one to compare with. */
export async function onEveryTeam(body: (kernels: CpuKernels) => Float32Array[]): Promise<{ name: string; results: Float32Array[] }[]> {
  const outcomes = [];
  for (const variant of ["fused", "plain"] as const) {
    for (const options of [{ threads: 1 }, { threads: 2 }, { threads: 3 }, { shared: false }]) {
      const kernels = await CpuKernels.open({ variant, ...options });
      try {
        const results = body(kernels).map((result) => result.slice());
        outcomes.push({ name: `${variant}, ${JSON.stringify(options)}`, results });
      } finally {
        kernels.close();
      }
    }
  }
  return outcomes;
}
