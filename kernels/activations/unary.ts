// What every function of one value shares: one kernel forward, one backward, and a chunk with `apply` and `derivative`.

import { apply as applyOp, defineOp, type OpSpec, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };

export interface Unary {
  name: string;
  /** WGSL with `apply(x)` and `derivative(kept, dy)`. */
  chunk: string;
  /** What backward reads: y where the gradient follows from it, since x need not live until then. */
  kept: "x" | "y";
  apply(x: number): number;
  /** Whether its values leave the range of f16 where its arguments do not, or its gradient does. */
  wide?: boolean;
  /** Whether the CPU device has vectorised kernels for it, under this name. */
  cpu?: "gelu" | "relu";
  /** dy/dx, from x or y as `kept` says. */
  derivative(kept: number): number;
}

/** The op of a function of one value, and its gradient as an op of its own: (kept, dy) → dx. */
export function unary({ name, chunk, kept, apply, derivative, wide = false, cpu }: Unary): {
  forward: (x: Tensor) => Tensor;
  backward: (kept: Tensor, dy: Tensor) => Tensor;
} {
  const backward: OpSpec<{ kept: Tensor; dy: Tensor }, "dx"> = {
    name: `${name}_backward`,
    f16: wide ? [] : ["dx"],
    outputs: ({ kept }) => ({ dx: kept.shape }),
    launches: ({ dx }) => [{
      label: `${name}/backward`,
      wgsl: flatIndex + chunk + backwardWgsl,
      dims: { Y: dx.size },
      workgroups: Math.ceil(dx.size / 64),
    }],
    backward: null,
    reference: ({ kept, dy }) => ({ dx: Float64Array.from(kept, (v: number, i) => dy[i] * derivative(v)) }),
    cpu: cpu && (({ kept, dy, dx }, _, kernels) => {
      kernels.elementwise({ operation: `${cpu}Backward`, a: kept.pointer, b: dy.pointer, y: dx.pointer, C: dx.size });
    }),
  };
  const differentiate = (kept: Tensor, dy: Tensor) => applyOp(backward, { kept, dy }, {}).dx;
  const forward = defineOp<{ x: Tensor }, "y">({
    name,
    f16: wide ? [] : ["y"],
    outputs: ({ x }) => ({ y: x.shape }),
    launches: ({ y }) => [{
      label: name,
      wgsl: flatIndex + chunk + forwardWgsl,
      dims: { Y: y.size },
      workgroups: Math.ceil(y.size / 64),
    }],
    backward: (tensors, { dy }) => ({ x: differentiate(tensors[kept], dy!) }),
    reference: ({ x }) => ({ y: Float64Array.from(x, apply) }),
    cpu: cpu && (({ x, y }, _, kernels) => kernels.elementwise({ operation: cpu, a: x.pointer, y: y.pointer, C: y.size })),
  });
  return { forward: (x) => forward({ x }, {}).y, backward: differentiate };
}
