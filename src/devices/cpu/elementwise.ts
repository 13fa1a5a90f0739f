// Elementwise arithmetic on the WASM kernels.

import { KERNEL, type Team } from "./team.ts";

/**
 * y (R, C) from a and b (R, C); y may be a or b.
 *
 * - `sum`: alpha a + beta b; without b: alpha a
 * - `product`: alpha a b
 * - `gelu`, `relu`: of a
 * - `geluBackward`, `reluBackward`: the derivative at a, times b
 */
export interface Elementwise {
  operation: keyof typeof OPERATIONS;
  a: number;
  b?: number;
  y: number;
  /** 1 if absent. */
  R?: number;
  C: number;
  /** b is one row (C), used for every row of a. */
  broadcast?: boolean;
  /** 1 if absent. */
  alpha?: number;
  beta?: number;
}

const OPERATIONS = { sum: 0, product: 1, gelu: 2, geluBackward: 3, relu: 4, reluBackward: 5 };
/** Nanoseconds a value, roughly. */
const COST = { sum: 0.3, product: 0.3, gelu: 3, geluBackward: 3, relu: 0.3, reluBackward: 0.3 };

export function elementwise(team: Team, { operation, a, b = 0, y, R = 1, C, broadcast, alpha = 1, beta = 1 }: Elementwise): void {
  team.run(KERNEL.elementwise, COST[operation] * R * C, [OPERATIONS[operation], a, b, y, R, C, +!!broadcast], [alpha, beta]);
}
