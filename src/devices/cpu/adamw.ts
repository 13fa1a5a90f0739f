// The update of AdamW on the WASM kernels.

import { ShapeError } from "../../errors.ts";
import { KERNEL, type Team } from "./team.ts";

/**
 * One step of AdamW with decoupled decay over packed arrays of `length` values, a multiple of 64, in place: with g = gradientScale * gradient,
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g², p = p (1 - rate * decay * factor) - rate m / correction1 / (sqrt(v / correction2) + eps),
 * rate = lr * factor; both factors are those of the value's block.
 */
export interface AdamW {
  p: number;
  m: number;
  v: number;
  g: number;
  length: number;
  /** (length / 64, 2): factors of learning rate and decay of every block of 64 values. */
  table: number;
  lr: number;
  /** 1 if absent: then the table holds the decay itself. */
  decay?: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** 1 - beta1^t at step t = 1, 2, ... */
  correction1: number;
  correction2: number;
  /** 1 if absent: what the gradients are multiplied with first (clipping, mean over micro-batches). */
  gradientScale?: number;
}

export function adamw(team: Team, job: AdamW): void {
  const { p, m, v, g, table, length, lr, beta1, beta2, eps, correction1, correction2, gradientScale = 1, decay = 1 } = job;
  if (length % 64) throw new ShapeError(`adamw: ${length} values are no multiple of 64; pad every tensor to whole blocks`);
  const scalars = [lr, beta1, beta2, eps, correction1, Math.sqrt(correction2), gradientScale, 1 - beta1, 1 - beta2, decay];
  team.run(KERNEL.adamw, length, [p, m, v, g, table, length], scalars);
}
