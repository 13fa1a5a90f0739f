// Softmax and layer normalisation by rows on the WASM kernels.

import { KERNEL, type Team } from "./team.ts";

/** y = softmax of each row of x (R, C); y may be x. */
export interface Softmax {
  x: number;
  y: number;
  R: number;
  C: number;
}

/** y = (x - mean) * rstd * gamma + beta for each row of x (R, C); mean and rstd (R) are written where given. y may be x. */
export interface LayerNorm {
  x: number;
  gamma: number;
  beta: number;
  y: number;
  mean?: number;
  rstd?: number;
  R: number;
  C: number;
  eps: number;
}

/** dx of `LayerNorm` from its x, gamma, mean, rstd and dy (R, C); dx may be dy. */
export interface LayerNormBackward {
  x: number;
  gamma: number;
  mean: number;
  rstd: number;
  dy: number;
  dx: number;
  R: number;
  C: number;
}

export function softmax(team: Team, { x, y, R, C }: Softmax): void {
  team.run(KERNEL.softmax, 2 * R * C, [x, y, R, C]);
}

export function layerNorm(team: Team, { x, gamma, beta, y, mean = 0, rstd = 0, R, C, eps }: LayerNorm): void {
  team.run(KERNEL.layerNorm, R * C, [x, gamma, beta, y, mean, rstd, 0, 0, R, C], [eps]);
}

export function layerNormBackward(team: Team, { x, gamma, mean, rstd, dy, dx, R, C }: LayerNormBackward): void {
  team.run(KERNEL.layerNorm, R * C, [x, gamma, 0, 0, mean, rstd, dy, dx, R, C], [0]);
}
