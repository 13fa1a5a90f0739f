// Sums and means over axes, and their gradient, which repeats values along those axes.

import { ShapeError } from "../../src/errors.ts";
import { defineOp, reshape, type Shape, type Tensor } from "../../src/graph.ts";
import { padded } from "../broadcasting.ts";
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import { repeat } from "./repeat.ts";
import columnsWgsl from "./columns.wgsl" with { type: "text" };
import rowsWgsl from "./rows.wgsl" with { type: "text" };

/**
 * Sum over `axes` (all if absent); those axes disappear. A sum over everything has shape (1).
 *
 * ```ts
 * import { constant, interpret, sum } from "../../mod.ts";
 * const [y] = interpret([sum(constant("x", [2, 2], [1, 2, 3, 4]), [0])]);
 * console.assert(y.join() === "4,6");
 * ```
 */
export function sum(x: Tensor, axes?: readonly number[]): Tensor {
  return reduce("sum", x, axes, () => 1);
}

/**
 * Mean over `axes` (all if absent); those axes disappear.
 *
 * ```ts
 * import { constant, interpret, mean } from "../../mod.ts";
 * const [y] = interpret([mean(constant("x", [2, 2], [1, 2, 3, 4]), [1])]);
 * console.assert(y.join() === "1.5,3.5");
 * ```
 */
export function mean(x: Tensor, axes?: readonly number[]): Tensor {
  return reduce("mean", x, axes, (count) => 1 / count);
}

/**
 * Sum over the axes along which `shape` was repeated to give x: the gradient of broadcasting.
 *
 * ```ts
 * import { constant, interpret, sumTo } from "../../mod.ts";
 * const [y] = interpret([sumTo(constant("x", [2, 2], [1, 2, 3, 4]), [2])]);
 * console.assert(y.join() === "4,6");
 * ```
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const target = padded(shape, x.shape.length);
  const axes = x.shape.flatMap((side, axis) => target[axis] === 1 && side !== 1 ? [axis] : []);
  return reshape(axes.length ? sum(x, axes) : x, shape);
}

function reduce(name: string, x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), scaleOf: (count: number) => number): Tensor {
  const summed = axes.map((axis) => axis < 0 ? axis + x.shape.length : axis);
  const wrong = summed.findIndex((axis) => !(axis in x.shape));
  if (wrong >= 0) throw new ShapeError(`${name}: ${x} has no axis ${axes[wrong]}; its axes are 0 to ${x.shape.length - 1}`);
  const kept = x.shape.filter((_, axis) => !summed.includes(axis));
  const runs = summedRuns(x.shape, summed);
  let y = x, scale = scaleOf(x.size / kept.reduce((a, b) => a * b, 1));
  // Each run of neighbouring summed axes is one pass; the innermost is the largest in practice and goes first.
  for (const [K, S, C] of runs) {
    y = sumMiddle({ x: reshape(y, [K, S, C]) }, { scale }).y;
    scale = 1;
  }
  return runs.length ? reshape(y, kept.length ? kept : [1]) : x;
}

/** Runs of neighbouring summed axes, innermost first, each as (before, summed, after) with the inner runs already gone. */
function summedRuns(shape: Shape, summed: readonly number[]): [number, number, number][] {
  const runs: [number, number, number][] = [];
  let after = 1, run = 1, open = false;
  for (let axis = shape.length - 1; axis >= -1; axis--) {
    if (axis >= 0 && summed.includes(axis)) {
      run *= shape[axis];
      open = true;
      continue;
    }
    if (open) runs.push([shape.slice(0, axis + 1).reduce((a, b) => a * b, 1), run, after]);
    run = 1;
    open = false;
    if (axis >= 0) after *= shape[axis];
  }
  return runs;
}

const sumMiddle = defineOp<{ x: Tensor }, "y" | "partial", { scale: number }>({
  name: "sum",
  outputs({ x }) {
    const [K, S, C] = x.shape;
    return { y: [K, C], partial: [C === 1 ? 1 : K * chunksOf(K, S, C) * C] };
  },
  launches({ x }, { scale }) {
    const [K, S, C] = x.shape;
    if (C === 1) return [{ label: "sum/rows", wgsl: workgroupSum + rowsWgsl, dims: { R: K, S, scale }, workgroups: K }];
    // Few columns keep few threads busy: first sums of chunks of rows, then the sum of the chunks.
    const chunks = chunksOf(K, S, C);
    const columns = (S: number, chunks: number, scale: number, bind: Record<string, string>) => ({
      label: "sum/columns",
      wgsl: columnsWgsl,
      dims: { K, S, C, chunks, scale },
      workgroups: Math.ceil(K * chunks * C / 64),
      bind,
    });
    if (chunks === 1) return [columns(S, 1, scale, {})];
    return [columns(S, chunks, 1, { y: "partial" }), columns(chunks, 1, scale, { x: "partial", y: "y" })];
  },
  backward: ({ x }, { dy }, { scale }) => ({ x: repeat(dy!, x.shape as [number, number, number], scale) }),
  reference({ x }, { x: { shape: [K, S, C] } }, { scale }) {
    const y = new Float64Array(K * C);
    for (let k = 0; k < K; k++) for (let s = 0; s < S; s++) for (let c = 0; c < C; c++) y[k * C + c] += x[(k * S + s) * C + c] * scale;
    return { y, partial: new Float64Array(C === 1 ? 1 : K * chunksOf(K, S, C) * C) };
  },
  cpu({ x, y }, { scale }, kernels) {
    const [K, S, C] = x.shape;
    if (C === 1) {
      for (let k = 0; k < K; k++) {
        let sum = 0;
        for (let i = k * S; i < (k + 1) * S; i++) sum += x.data[i];
        y.data[k] = scale * sum;
      }
      return;
    }
    for (let k = 0; k < K; k++) kernels.columnSum({ x: x.pointer + 4 * k * S * C, y: y.pointer + 4 * k * C, R: S, C });
    if (scale !== 1) kernels.elementwise({ operation: "sum", a: y.pointer, y: y.pointer, C: y.size, alpha: scale });
  },
});

/** Enough chunks for some 16,384 threads, none shorter than 32 rows. */
function chunksOf(K: number, S: number, C: number): number {
  return Math.max(1, Math.min(Math.floor(S / 32), Math.ceil(16384 / (K * C))));
}
