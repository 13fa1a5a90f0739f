import { defineOp, type Tensor } from "../../src/graph.ts";
import { axisOf } from "../axis.ts";
import { columnLaunch, eachColumn } from "./columns.ts";
import columnsWgsl from "./columns.wgsl" with { type: "text" };
import { oneHotCpu } from "./cpu.ts";
import oneHotWgsl from "./one_hot.wgsl" with { type: "text" };

/**
 * 1 at the largest value along `axis`, the first of equals, and 0 elsewhere; the gradient passes as if it were x itself
 * (Bengio et al. 2013). x (…) → the same shape.
 *
 * ```ts
 * import { constant, interpret, straightThrough } from "../../mod.ts";
 * const [y] = interpret([straightThrough(constant("x", [1, 3], [0.2, 0.5, 0.3]))]);
 * console.assert(y.join() === "0,1,0");
 * ```
 */
export function straightThrough(x: Tensor, axis = -1): Tensor {
  return op({ x }, { axis: axisOf("straightThrough", x, axis) }).y;
}

const op = defineOp<{ x: Tensor }, "y", { axis: number }>({
  name: "straight_through",
  f16: ["y"],
  outputs: ({ x }) => ({ y: x.shape }),
  launches: ({ x }, { axis }) => [{ label: "gumbel_softmax/one_hot", wgsl: columnsWgsl + oneHotWgsl, ...columnLaunch(x.shape, axis) }],
  backward: (_, { dy }) => ({ x: dy }),
  reference({ x: values }, { x }, { axis }) {
    const y = new Float64Array(x.size);
    eachColumn(x.shape, axis, (column) => {
      let best = column[0];
      for (const i of column) if (values[i] > values[best]) best = i;
      if (column.some((i) => Number.isNaN(values[i]))) { for (const i of column) y[i] = values[i]; }
      else y[best] = 1;
    });
    return { y };
  },
  cpu: (data, { axis }) => oneHotCpu(data, axis),
});
