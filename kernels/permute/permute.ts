import { ShapeError } from "../../src/errors.ts";
import { defineOp, reshape, type Shape, type Tensor } from "../../src/graph.ts";
import { needsWords, wordsLike } from "../axis.ts";
import { strides } from "../broadcasting.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import { permuteCpu } from "./cpu.ts";
import permuteWgsl from "./permute.wgsl" with { type: "text" };

/** Axes that the kernel can tell apart. */
const maxAxes = 6;

/**
 * x with its axes in another order: axis i of the result is axis `order[i]` of x, as in NumPy's transpose. f32 or u32.
 * At most six axes may remain after neighbours that stay together are merged.
 *
 * ```ts
 * import { constant, interpret, permute } from "../../mod.ts";
 * const [y] = interpret([permute(constant("x", [2, 3], [1, 2, 3, 4, 5, 6]), [1, 0])]);
 * console.assert(y.join() === "1,4,2,5,3,6");
 * ```
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  if ([...order].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
    throw new ShapeError(`permute: (${order.join(", ")}) is no order of the axes of ${x}; name each of 0 to ${x.shape.length - 1} once`);
  }
  needsWords("permute", x);
  const shape = order.map((axis) => x.shape[axis]);
  const moves = mergedAxes(x.shape, order).length > 1;
  return moves ? op({ x }, { order }).y : reshape(x, shape);
}

/** Axes of the result as (side, stride in x), without sides of 1 and with neighbours joined that are neighbours in x too. */
function mergedAxes(shape: Shape, order: readonly number[]): { side: number; stride: number }[] {
  const step = strides(shape), merged: { side: number; stride: number }[] = [];
  for (const axis of order) {
    const side = shape[axis], stride = step[axis], before = merged[merged.length - 1];
    if (side === 1) continue;
    if (before && before.stride === side * stride) merged[merged.length - 1] = { side: before.side * side, stride };
    else merged.push({ side, stride });
  }
  return merged;
}

const op = defineOp<{ x: Tensor }, "y", { order: readonly number[] }>({
  name: "permute",
  f16: ["y"],
  outputs({ x }, { order }) {
    const merged = mergedAxes(x.shape, order);
    if (merged.length > maxAxes) {
      throw new ShapeError(
        `permute: ${x} in the order (${order.join(", ")}) moves ${merged.length} axes, the kernel has ${maxAxes}; do it in two steps`,
      );
    }
    return { y: { shape: order.map((axis) => x.shape[axis]), dtype: x.dtype } };
  },
  launches({ x, y }, { order }) {
    const axes = mergedAxes(x.shape, order);
    while (axes.length < maxAxes) axes.unshift({ side: 1, stride: 0 });
    const [, D1, D2, D3, D4, D5] = axes.map((a) => a.side), [s0, s1, s2, s3, s4, s5] = axes.map((a) => a.stride);
    const dims = { Y: y.size, D1, D2, D3, D4, D5, s0, s1, s2, s3, s4, s5 };
    return [{ label: "permute", wgsl: flatIndex + permuteWgsl, dims, workgroups: Math.ceil(y.size / 64) }];
  },
  backward(_, { dy }, { order }) {
    return { x: permute(dy!, order.map((_, axis) => order.indexOf(axis))) };
  },
  reference({ x: values }, { x, y }, { order }) {
    const out = wordsLike(x, y.size), step = strides(x.shape);
    const index = new Array(order.length).fill(0);
    for (let i = 0; i < y.size; i++) {
      out[i] = values[index.reduce((sum, at, axis) => sum + at * step[order[axis]], 0)];
      for (let axis = order.length - 1; axis >= 0 && ++index[axis] === y.shape[axis]; axis--) index[axis] = 0;
    }
    return { y: out };
  },
  cpu: ({ x, y }, { order }) => permuteCpu(x.data, y.data, mergedAxes(x.shape, order)),
});
