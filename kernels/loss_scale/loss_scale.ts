// What follows an update whose loss was multiplied by a factor, so that small gradients survive in f16.

import { defineOp, type Tensor } from "../../src/graph.ts";
import lossScaleWgsl from "./loss_scale.wgsl" with { type: "text" };

/** What a scaled loss is judged by, and the two states of its scale. */
export interface LossScaleInputs extends Record<string, Tensor> {
  /** Norm (1) of the gradients of the scaled loss. */
  norm: Tensor;
  /** The factor of the loss, a state (1). */
  scale: Tensor;
  /** Updates since it changed, a state (1). */
  streak: Tensor;
}

/** What follows for the update. */
export interface LossScaleResult {
  /** (1): the factor that takes the scale off the gradients and clips them; 0 where they are not finite and the update is left out. */
  coefficient: Tensor;
  /** (1): norm of the gradients without the scale, 0 where the update is left out. */
  norm: Tensor;
  /** (1): 1, or 0 where the update is left out. */
  taken: Tensor;
  /** For the `updates` of compile(). */
  updates: Tensor[];
}

/**
 * Dynamic loss scaling (Micikevicius et al. 2018) by the rule of torch's GradScaler: gradients that are not finite halve the scale and
 * leave the update out; `interval` updates in a row double it. Both happen on the device. Without `clip` nothing is clipped.
 *
 * ```ts
 * import { constant, interpret, lossScale, state } from "../../mod.ts";
 * const scale = state("scale", [1], () => [8]), streak = state("streak", [1]);
 * const { norm, coefficient } = lossScale({ norm: constant("norm", [1], [32]), scale, streak }, { clip: 2 });
 * const [length, factor] = interpret([norm, coefficient]);
 * console.assert(length[0] === 4 && Math.abs(factor[0] - 2 / 4 / 8) < 1e-6);
 * ```
 */
export function lossScale(
  inputs: LossScaleInputs,
  { clip = 0, interval = 2000 }: { clip?: number; interval?: number } = {},
): LossScaleResult {
  const { next_scale, next_streak, coefficient, length, taken } = op(inputs, { clip, interval });
  return { coefficient, norm: length, taken, updates: [next_scale, next_streak] };
}

type Outputs = "next_scale" | "next_streak" | "coefficient" | "length" | "taken";

const op = defineOp<LossScaleInputs, Outputs, { clip: number; interval: number }>({
  name: "loss_scale",
  outputs: () => ({ next_scale: [1], next_streak: [1], coefficient: [1], length: [1], taken: [1] }),
  updates: { next_scale: "scale", next_streak: "streak" },
  launches: (_, dims) => [{ label: "loss_scale", wgsl: lossScaleWgsl, dims, workgroups: 1 }],
  backward: null,
  reference({ norm: [norm], scale: [scale], streak: [streak] }, _, { clip, interval }) {
    const taken = Number.isFinite(norm), length = taken ? norm / scale : 0, grows = taken && streak + 1 >= interval;
    const values = {
      next_scale: taken ? (grows ? 2 * scale : scale) : scale / 2,
      next_streak: taken && !grows ? streak + 1 : 0,
      coefficient: taken ? (clip > 0 ? Math.min(1, clip / (length + 1e-6)) : 1) / scale : 0,
      length,
      taken: Number(taken),
    };
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float64Array.of(value)])) as Record<
      Outputs,
      Float64Array
    >;
  },
});
