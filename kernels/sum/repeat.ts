// Repeats values along an axis: the gradient of a sum, and a broadcast that must be stored.

import { constant, defineOp, reshape, type Tensor } from "../../src/graph.ts";
import { multiply } from "../arithmetic/arithmetic.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import repeatWgsl from "./repeat.wgsl" with { type: "text" };
import { sum } from "./sum.ts";

/**
 * y[k, s, c] = scale * x[k, c]. x (K, C) → y (K, S, C).
 *
 * ```ts
 * import { constant, interpret, repeat } from "../../mod.ts";
 * const [y] = interpret([repeat(constant("x", [2], [1, 2]), [1, 3, 2])]);
 * console.assert(y.join() === "1,2,1,2,1,2");
 * ```
 */
export function repeat(x: Tensor, [K, S, C]: readonly [number, number, number], scale = 1): Tensor {
  return op({ x: reshape(x, [K, C]) }, { S, scale }).y;
}

const op = defineOp<{ x: Tensor }, "y", { S: number; scale: number }>({
  name: "repeat",
  f16: ["y"],
  outputs: ({ x: { shape: [K, C] } }, { S }) => ({ y: [K, S, C] }),
  launches: ({ x, y }, { S, scale }) => [{
    label: "repeat",
    wgsl: flatIndex + repeatWgsl,
    dims: { Y: y.size, S, C: x.shape[1], scale },
    workgroups: Math.ceil(y.size / 64),
  }],
  backward(_, { dy }, { scale }) {
    const dx = sum(dy!, [1]);
    return { x: scale === 1 ? dx : multiply(dx, constant("scale", [1], [scale])) };
  },
  reference({ x }, { x: { shape: [K, C] } }, { S, scale }) {
    const y = new Float64Array(K * S * C);
    for (let k = 0; k < K; k++) for (let s = 0; s < S; s++) for (let c = 0; c < C; c++) y[(k * S + s) * C + c] = scale * x[k * C + c];
    return { y };
  },
  cpu({ x, y: { data: y } }, { S, scale }) {
    const [K, C] = x.shape;
    for (let k = 0; k < K; k++) {
      const start = k * S * C, end = start + S * C;
      if (C === 1) y.fill(scale * x.data[k], start, end);
      else {
        for (let c = 0; c < C; c++) y[start + c] = scale * x.data[k * C + c];
        for (let done = C; done < S * C; done *= 2) y.copyWithin(start + done, start, start + Math.min(done, S * C - done));
      }
    }
  },
});
