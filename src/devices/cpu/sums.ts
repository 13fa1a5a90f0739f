// Sums over rows and over everything on the WASM kernels.

import { KERNEL, type Team } from "./team.ts";

/**
 * y (C) = the sum over the rows of x (R, C): the gradient of a bias. With `by` (R, C) of x * by: the gradient of a column scale. With `mean`
 * and `rstd` (R) too of x * (by - mean) * rstd: the gradient of layer norm's gamma.
 */
export interface ColumnSum {
  x: number;
  by?: number;
  mean?: number;
  rstd?: number;
  y: number;
  R: number;
  C: number;
  /** Added to what y holds. */
  accumulate?: boolean;
}

/** Blocks of rows that are summed on their own: enough for every thread, few enough to add up quickly. Never depends on the threads. */
const BLOCKS = 64;
const BLOCK = 1 << 14;

export function columnSum(team: Team, { x, by = 0, mean = 0, rstd = 0, y, R, C, accumulate }: ColumnSum): void {
  const blockRows = Math.max(8, Math.ceil(R / BLOCKS));
  const partial = team.scratch(4 * C * Math.ceil(R / blockRows));
  team.run(KERNEL.columnSum, R * C / 2, [x, by, mean, rstd, y, R, C, +!!accumulate, blockRows, partial]);
}

/** The sum of the squares of `length` values at x, in double precision. */
export function squareSum(team: Team, x: number, length: number): number {
  const units = Math.ceil(length / BLOCK), partial = team.scratch(8 * units);
  team.run(KERNEL.squareSum, length / 4, [x, length, BLOCK, partial]);
  let sum = 0;
  for (const part of team.doubles(partial, units)) sum += part;
  return sum;
}
