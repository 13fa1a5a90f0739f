// The two halves of cross-entropy by rows on the WASM kernels.

import { KERNEL, type Team } from "./team.ts";

/** lse = ln(sum(exp(x))), most = the largest value (NaN passed over) and sum = the sum of each row of x (R, C), all (R). Rows of weight 0 give 0. */
export interface LogSumExp {
  x: number;
  weights?: number;
  lse: number;
  most: number;
  sum: number;
  R: number;
  C: number;
}

/** y = scale * weight * (mass * exp(x - lse) + shift), row by row of x (R, C); lse, mass and weights are (R). y may be x. */
export interface ExpRows {
  x: number;
  /** 0 if absent. */
  lse?: number;
  /** 1 if absent. */
  mass?: number;
  /** 1 if absent; rows of weight 0 are not looked at and give 0. */
  weights?: number;
  y: number;
  R: number;
  C: number;
  scale?: number;
  shift?: number;
}

export function logSumExp(team: Team, { x, weights = 0, lse, most, sum, R, C }: LogSumExp): void {
  team.run(KERNEL.logSumExp, R * C, [x, weights, lse, most, sum, R, C]);
}

export function expRows(team: Team, { x, lse = 0, mass = 0, weights = 0, y, R, C, scale = 1, shift = 0 }: ExpRows): void {
  team.run(KERNEL.expRows, R * C, [x, lse, mass, weights, y, R, C], [scale, shift]);
}
