// Softmax along an axis that is not the last on the WASM kernels, with Gumbel noise where it is wanted.

import { KERNEL, type Team } from "./team.ts";

/** y = softmax((x + noise) * scale) along K of x (B, K, S); y may be x. */
export interface ColumnSoftmax {
  x: number;
  y: number;
  B: number;
  K: number;
  S: number;
  /** 1 if absent. */
  scale?: number;
  /** Like x; or drawn from Gumbel's distribution by the rule of kernels/random/words.ts. */
  noise?: number | { seed: number; step: number; stream: number };
}

export function columnSoftmax(team: Team, { x, y, B, K, S, scale = 1, noise = 0 }: ColumnSoftmax): void {
  const drawn = typeof noise === "object", { seed, step, stream } = drawn ? noise : { seed: 0, step: 0, stream: 0 };
  const words = [x, y, drawn ? 0 : noise, Number(drawn), seed, step, stream, B, K, S];
  team.run(KERNEL.columns, (drawn ? 12 : 3) * B * K * S, words, [scale]);
}
