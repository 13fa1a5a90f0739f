// Convolution, batch normalisation, ReLU: the unit of segmentation heads, under the names of mmsegmentation (conv, bn).

import { batchNorm, batchNormWith, conv2d, relu, runningStatistics } from "../../kernels/mod.ts";
import { state, type Tensor } from "../graph.ts";
import { normalInitial } from "./initial.ts";
import { initialValues, type ParamSpec } from "./parameters.ts";
import type { Params } from "./transformer.ts";

/** Of every batch normalisation here; torch's default. */
const eps = 1e-5;

/** Weights of one unit, `inner` channels to `out`, and the running statistics of its normalisation, which no optimizer may touch. */
export function convNormParams(name: string, inner: number, out: number, side: number): Record<string, ParamSpec> {
  const init = normalInitial(Math.sqrt(2 / (out * side ** 2))); // Kaiming, fan out, as mmcv's ConvModule
  return { [`${name}.conv.weight`]: { shape: [out, inner, side, side], init }, ...normParams(`${name}.bn`, out) };
}
export function convNormStatistics(name: string, out: number): Record<string, ParamSpec> {
  return normStatistics(`${name}.bn`, out);
}

export function normParams(name: string, channels: number): Record<string, ParamSpec> {
  return { [`${name}.weight`]: { shape: [channels], init: 1 }, [`${name}.bias`]: { shape: [channels], init: 0 } };
}
export function normStatistics(name: string, channels: number): Record<string, ParamSpec> {
  return { [`${name}.running_mean`]: { shape: [channels], init: 0 }, [`${name}.running_var`]: { shape: [channels], init: 1 } };
}

/** A state for each entry of a table of statistics, side by side with nothing: updates in one pack would wait for each other. */
export function statistics(table: Record<string, ParamSpec>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(table).map(([name, spec]) => [name, state(name, spec.shape, () => initialValues(name, spec, 0))]),
  );
}

/**
 * Batch normalisation of x (B, C, H, W): with the running statistics, or, where `updates` is given, with those of the batch; the updates
 * of the running statistics are added to it, for compile().
 */
export function normalise(p: Params, name: string, x: Tensor, updates?: Tensor[]): Tensor {
  const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) => p[`${name}.${part}`]);
  if (!updates) return batchNormWith(x, gamma, beta, mean, variance, eps);
  const batch = batchNorm(x, gamma, beta, eps);
  updates.push(...runningStatistics(mean, variance, batch));
  return batch.y;
}

/** One unit: x (B, inner, H, W) → (B, out, H, W). */
export function convNorm(p: Params, name: string, x: Tensor, updates?: Tensor[]): Tensor {
  const w = p[`${name}.conv.weight`];
  return relu(normalise(p, `${name}.bn`, conv2d(x, w, { padding: (w.shape[3] - 1) / 2 }), updates));
}
