import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import type { BatchNorm } from "./batch_norm.ts";
import runningWgsl from "./running.wgsl" with { type: "text" };

/**
 * Moves two states (C), the running mean and variance, a step of `momentum` towards the statistics of a batch; the variance counts
 * unbiased, as in torch. The result goes into the `updates` of compile().
 *
 * ```ts
 * import { batchNorm, constant, interpret, runningStatistics, state } from "../../mod.ts";
 * const x = constant("x", [2, 1, 1, 1], [1, 3]), mean = state("mean", [1]), variance = state("variance", [1], () => [1]);
 * const moved = runningStatistics(mean, variance, batchNorm(x, constant("gamma", [1], [1]), constant("beta", [1], [0])), 0.5);
 * console.assert(interpret(moved).join() === "1,1.5"); // half way to a mean and an unbiased variance of 2
 * ```
 */
export function runningStatistics(mean: Tensor, variance: Tensor, batch: BatchNorm, momentum = 0.1): Tensor[] {
  const inputs = { running_mean: mean, running_variance: variance, mean: batch.mean, variance: batch.variance };
  const { next_mean, next_variance } = op(inputs, { momentum, count: batch.y.size / batch.mean.size });
  return [next_mean, next_variance];
}

type Inputs = { running_mean: Tensor; running_variance: Tensor; mean: Tensor; variance: Tensor };

const op = defineOp<Inputs, "next_mean" | "next_variance", { momentum: number; count: number }>({
  name: "running_statistics",
  outputs({ running_mean, running_variance, mean }) {
    for (const t of [running_mean, running_variance]) {
      if (t.size !== mean.size) {
        throw new ShapeError(`runningStatistics: ${t} does not hold the ${mean.size} channels of ${mean}; they must agree`);
      }
    }
    return { next_mean: running_mean.shape, next_variance: running_variance.shape };
  },
  updates: { next_mean: "running_mean", next_variance: "running_variance" },
  launches: ({ mean: { size: C } }, { momentum, count }) => [{
    label: "batch_norm/running",
    wgsl: flatIndex + runningWgsl,
    dims: { C, momentum, correction: correction(count) },
    workgroups: Math.ceil(C / 64),
  }],
  backward: null,
  reference({ running_mean, running_variance, mean, variance }, _, { momentum, count }) {
    const towards = (from: Float64Array, to: Float64Array, scale: number) =>
      Float64Array.from(from, (v, c) => (1 - momentum) * v + momentum * scale * to[c]);
    return { next_mean: towards(running_mean, mean, 1), next_variance: towards(running_variance, variance, correction(count)) };
  },
});

/** Of a single value there is no unbiased variance; the biased one is 0. */
const correction = (count: number) => count > 1 ? count / (count - 1) : 1;
