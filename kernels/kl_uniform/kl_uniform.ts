import { defineOp, reshape, type Tensor } from "../../src/graph.ts";
import { around, axisOf } from "../axis.ts";
import { overLines } from "../lines.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import { klUniformBackwardCpu, klUniformCpu } from "./cpu.ts";
import forwardWgsl from "./forward.wgsl" with { type: "text" };

/**
 * Divergence of softmax(logits) along `axis` (the last if absent) from the uniform distribution, which keeps the codes of a discrete
 * VAE in use: sum of p log p + log S for a side of S. The axis disappears; reduce the rest with mean() or sum().
 *
 * ```ts
 * import { constant, interpret, klUniform } from "../../mod.ts";
 * const [y] = interpret([klUniform(constant("logits", [1, 2], [3, 3]))]);
 * console.assert(y.join() === "0");
 * ```
 */
export function klUniform(logits: Tensor, axis = -1): Tensor {
  const at = axisOf("klUniform", logits, axis);
  const rest = logits.shape.filter((_, i) => i !== at);
  return reshape(forward({ x: reshape(logits, around(logits.shape, at)) }, {}).y, rest.length ? rest : [1]);
}

const forward = defineOp<{ x: Tensor }, "y" | "lse">({
  name: "kl_uniform",
  outputs: ({ x: { shape: [K, , C] } }) => ({ y: [K, C], lse: [K, C] }),
  launches: ({ x }, _, context) => overLines("kl_uniform/forward", x, forwardWgsl, context),
  backward: ({ x, y, lse }, { dy }) => ({ x: backward({ x, y, lse, dy: dy! }, {}).dx }),
  reference({ x }, { x: { shape: [K, S, C] } }) {
    const y = new Float64Array(K * C), lse = new Float64Array(K * C);
    for (let line = 0; line < K * C; line++) {
      const values = Array.from({ length: S }, (_, s) => x[(Math.floor(line / C) * S + s) * C + line % C]);
      const m = Math.max(...values);
      lse[line] = m + Math.log(values.reduce((sum, v) => sum + Math.exp(v - m), 0));
      y[line] = values.reduce((sum, v) => sum + Math.exp(v - lse[line]) * (v - lse[line]), Math.log(S));
    }
    return { y, lse };
  },
  cpu: (data) => klUniformCpu(data),
});

const backward = defineOp<{ x: Tensor; y: Tensor; lse: Tensor; dy: Tensor }, "dx">({
  name: "kl_uniform_backward",
  f16: ["dx"],
  outputs: ({ x }) => ({ dx: x.shape }),
  launches: ({ x: { size: N, shape: [, S, C] } }) => [{
    label: "kl_uniform/backward",
    wgsl: flatIndex + backwardWgsl,
    dims: { N, S, C },
    workgroups: Math.ceil(N / 64),
  }],
  backward: null,
  reference({ x, y, lse, dy }, { x: { shape: [, S, C] } }) {
    return {
      dx: Float64Array.from(x, (v: number, i) => {
        const line = Math.floor(i / (S * C)) * C + i % C, logP = v - lse[line];
        return dy[line] * Math.exp(logP) * (logP - (y[line] - Math.log(S)));
      }),
    };
  },
  cpu: (data) => klUniformBackwardCpu(data),
});
