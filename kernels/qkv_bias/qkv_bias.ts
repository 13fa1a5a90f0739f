import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };

/**
 * The bias of a layer that makes q, k and v side by side, where k has none: it would cancel in the softmax (Bao et al. 2021).
 * q (C), v (C) → (3 * C).
 *
 * ```ts
 * import { constant, interpret, qkvBias } from "../../mod.ts";
 * const [y] = interpret([qkvBias(constant("q", [2], [1, 2]), constant("v", [2], [3, 4]))]);
 * console.assert(y.join() === "1,2,0,0,3,4");
 * ```
 */
export function qkvBias(q: Tensor, v: Tensor): Tensor {
  return forward({ q, v }, {}).y;
}

const forward = defineOp<{ q: Tensor; v: Tensor }, "y">({
  name: "qkv_bias",
  outputs({ q, v }) {
    if (q.size !== v.size) throw new ShapeError(`qkvBias: ${q} and ${v} do not belong together; they must have one size`);
    return { y: [3 * q.size] };
  },
  launches: ({ q: { size: C } }) => [{
    label: "qkv_bias/forward",
    wgsl: flatIndex + forwardWgsl,
    dims: { C },
    workgroups: Math.ceil(3 * C / 64),
  }],
  backward({ q, v }, { dy }): { q: Tensor; v: Tensor } {
    const { dq, dv } = backward({ dy: dy! }, { C: q.size });
    return { q: dq.as(`d ${q.name}`), v: dv.as(`d ${v.name}`) };
  },
  reference({ q, v }, { y }) {
    const bias = new Float64Array(y.size);
    bias.set(q);
    bias.set(v, 2 * q.length);
    return { y: bias };
  },
});

const backward = defineOp<{ dy: Tensor }, "dq" | "dv", { C: number }>({
  name: "qkv_bias_backward",
  outputs: (_, { C }) => ({ dq: [C], dv: [C] }),
  launches: (_, { C }) => [{ label: "qkv_bias/backward", wgsl: flatIndex + backwardWgsl, dims: { C }, workgroups: Math.ceil(C / 64) }],
  backward: null,
  reference: ({ dy }, _, { C }) => ({ dq: dy.slice(0, C), dv: dy.slice(2 * C) }),
});
