import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import { backwardCpu } from "./cpu.ts";
import sumsWgsl from "./backward_sums.wgsl" with { type: "text" };

/** What both forms of batch normalisation have for backward: x (B, C, S), the others (C). */
export type Given = { x: Tensor; gamma: Tensor; mean: Tensor; variance: Tensor };

interface Attributes {
  eps: number;
  /** Whether mean and variance were made from x, so that x moves them too. */
  ownStatistics: boolean;
}

/** Gradients of x, gamma and beta. */
export function gradient(inputs: Given & { dy: Tensor }, attributes: Attributes): { x: Tensor; gamma: Tensor; beta: Tensor } {
  const { dx, dgamma, dbeta } = op(inputs, attributes);
  return { x: dx, gamma: dgamma, beta: dbeta };
}

const op = defineOp<Given & { dy: Tensor }, "dx" | "dgamma" | "dbeta", Attributes>({
  name: "batch_norm_backward",
  f16: ["dx"],
  outputs: ({ x }) => ({ dx: x.shape, dgamma: [x.shape[1]], dbeta: [x.shape[1]] }),
  launches({ x: { shape: [B, C, S], size } }, { eps, ownStatistics }, { wanted }) {
    const sums = { label: "batch_norm/backward_sums", wgsl: workgroupSum + sumsWgsl, dims: { B, C, S, eps }, workgroups: C };
    const dims = { X: size, C, S, eps, share: ownStatistics ? 1 / (B * S) : 0 };
    const dx = { label: "batch_norm/backward", wgsl: flatIndex + backwardWgsl, dims, workgroups: Math.ceil(size / 64) };
    return wanted("dx") ? [sums, dx] : [sums];
  },
  backward: null,
  reference({ x, gamma, mean, variance, dy }, { x: { shape: [B, C, S], size } }, { eps, ownStatistics }) {
    const dx = new Float64Array(size), dgamma = new Float64Array(C), dbeta = new Float64Array(C);
    const channel = (i: number) => Math.floor(i / S) % C;
    const n = Float64Array.from(x, (v: number, i) => (v - mean[channel(i)]) / Math.sqrt(variance[channel(i)] + eps));
    for (let i = 0; i < size; i++) {
      dgamma[channel(i)] += n[i] * dy[i];
      dbeta[channel(i)] += dy[i];
    }
    for (let i = 0; i < size; i++) {
      const c = channel(i), through = ownStatistics ? (dbeta[c] + n[i] * dgamma[c]) / (B * S) : 0;
      dx[i] = gamma[c] / Math.sqrt(variance[c] + eps) * (dy[i] - through);
    }
    return { dx, dgamma, dbeta };
  },
  cpu: backwardCpu,
});
