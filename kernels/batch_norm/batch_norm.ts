import { ShapeError } from "../../src/errors.ts";
import { defineOp, reshape, type Tensor } from "../../src/graph.ts";
import { around } from "../axis.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import { type Given, gradient } from "./backward.ts";
import { normaliseCpu, statisticsCpu } from "./cpu.ts";
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import statisticsWgsl from "./statistics.wgsl" with { type: "text" };

/** What batch normalisation gives in training. */
export interface BatchNorm {
  /** The shape of x. */
  y: Tensor;
  /** Mean (C) and biased variance (C) of the batch, for `runningStatistics()`. */
  mean: Tensor;
  variance: Tensor;
}

/**
 * Batch normalisation with the statistics of the batch, for training (Ioffe and Szegedy 2015). x (B, C, …), gamma (C), beta (C);
 * mean and biased variance are over all axes but the channels'.
 *
 * ```ts
 * import { batchNorm, constant, interpret } from "../../mod.ts";
 * const [y] = interpret([batchNorm(constant("x", [2, 1, 1, 1], [1, 3]), constant("gamma", [1], [1]), constant("beta", [1], [5]), 0).y]);
 * console.assert(y.join() === "4,6");
 * ```
 */
export function batchNorm(x: Tensor, gamma: Tensor, beta: Tensor, eps = 1e-5): BatchNorm {
  const { y, mean, variance } = training({ x: channels(x), gamma, beta }, { eps });
  return { y: reshape(y, x.shape), mean, variance };
}

/**
 * Batch normalisation with given statistics, for inference. x (B, C, …), the others (C) → the shape of x. The statistics take no gradient.
 *
 * ```ts
 * import { batchNormWith, constant, interpret } from "../../mod.ts";
 * const of = (name: string, value: number) => constant(name, [1], [value]), x = constant("x", [2, 1, 1, 1], [1, 3]);
 * const [y] = interpret([batchNormWith(x, of("gamma", 1), of("beta", 5), of("mean", 1), of("variance", 4), 0)]);
 * console.assert(y.join() === "5,6");
 * ```
 */
export function batchNormWith(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, eps = 1e-5): Tensor {
  return reshape(inference({ x: channels(x), gamma, beta, mean, variance }, { eps }).y, x.shape);
}

function channels(x: Tensor): Tensor {
  if (x.shape.length < 2) throw new ShapeError(`batchNorm: ${x} has no axis of channels; it must be (B, C, ...)`);
  return reshape(x, around(x.shape, 1)).as(x.name);
}

function checkChannels(x: Tensor, others: Record<string, Tensor>): void {
  for (const t of Object.values(others)) {
    if (t.size !== x.shape[1]) {
      throw new ShapeError(`batchNorm: ${t} has ${t.size} values, ${x} has ${x.shape[1]} channels; they must agree`);
    }
  }
}

const launchForward = ({ shape: [, C, S], size }: Tensor, eps: number) => ({
  label: "batch_norm/forward",
  wgsl: flatIndex + forwardWgsl,
  dims: { Y: size, C, S, eps },
  workgroups: Math.ceil(size / 64),
});

const training = defineOp<{ x: Tensor; gamma: Tensor; beta: Tensor }, "y" | "mean" | "variance", { eps: number }>({
  name: "batch_norm",
  f16: ["y"],
  outputs({ x, ...others }) {
    checkChannels(x, others);
    return { y: x.shape, mean: [x.shape[1]], variance: [x.shape[1]] };
  },
  launches({ x }, { eps }) {
    const [B, C, S] = x.shape;
    return [
      { label: "batch_norm/statistics", wgsl: workgroupSum + statisticsWgsl, dims: { B, C, S }, workgroups: C },
      launchForward(x, eps),
    ];
  },
  backward({ x, gamma, mean, variance }, { dy, dmean, dvariance }, { eps }) {
    if (dmean || dvariance) throw new ShapeError(`batchNorm: the loss depends on the statistics of ${x}, which take no gradient; use y`);
    return gradient({ x, gamma, mean, variance, dy: dy! }, { eps, ownStatistics: true });
  },
  reference({ x, gamma, beta }, { x: { shape: [B, C, S] } }, { eps }) {
    const mean = new Float64Array(C), variance = new Float64Array(C), N = B * S;
    for (let b = 0; b < B; b++) for (let c = 0; c < C; c++) for (let s = 0; s < S; s++) mean[c] += x[(b * C + c) * S + s] / N;
    for (let b = 0; b < B; b++) {
      for (let c = 0; c < C; c++) for (let s = 0; s < S; s++) variance[c] += (x[(b * C + c) * S + s] - mean[c]) ** 2 / N;
    }
    return { y: normalised({ x, gamma, beta, mean, variance }, [B, C, S], eps), mean, variance };
  },
  cpu(data, { eps }) {
    statisticsCpu(data);
    normaliseCpu(data, eps);
  },
});

const inference = defineOp<Given & { beta: Tensor }, "y", { eps: number }>({
  name: "batch_norm_with",
  f16: ["y"],
  outputs({ x, ...others }) {
    checkChannels(x, others);
    return { y: x.shape };
  },
  launches: ({ x }, { eps }) => [launchForward(x, eps)],
  backward: ({ x, gamma, mean, variance }, { dy }, { eps }) =>
    gradient({ x, gamma, mean, variance, dy: dy! }, { eps, ownStatistics: false }),
  reference: (data, { x: { shape } }, { eps }) => ({ y: normalised(data, shape, eps) }),
  cpu: (data, { eps }) => normaliseCpu(data, eps),
});

function normalised(data: Record<"x" | "gamma" | "beta" | "mean" | "variance", Float64Array>, shape: readonly number[], eps: number) {
  const [, C, S] = shape;
  return Float64Array.from(data.x, (v, i) => {
    const c = Math.floor(i / S) % C;
    return (v - data.mean[c]) / Math.sqrt(data.variance[c] + eps) * data.gamma[c] + data.beta[c];
  });
}
