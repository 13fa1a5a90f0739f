// Part of an axis, and zeros around an axis: each is the other's gradient, and both are one kernel.

import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import { around, axisOf, needsWords, withSide, wordsLike } from "../axis.ts";
import copyWindow from "../common/copy_window.wgsl" with { type: "text" };
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };

/**
 * x from `start` to before `end` along `axis` (all three may count from the end). f32 or u32.
 *
 * ```ts
 * import { constant, interpret, slice } from "../../mod.ts";
 * const [y] = interpret([slice(constant("x", [4], [1, 2, 3, 4]), 0, 1, 3)]);
 * console.assert(y.join() === "2,3");
 * ```
 */
export function slice(x: Tensor, axis: number, start: number, end?: number): Tensor {
  const at = axisOf("slice", x, axis), side = x.shape[at];
  const from = start < 0 ? start + side : start, to = end === undefined ? side : end < 0 ? end + side : end;
  if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from < to && to <= side)) {
    throw new ShapeError(`slice: ${start} to ${end ?? side} is no range of axis ${axis} of ${x}; it has ${side} places`);
  }
  return window(x, at, from, to - from);
}

/**
 * x with `before` and `after` zeros around it along `axis`. f32 or u32.
 *
 * ```ts
 * import { constant, interpret, pad } from "../../mod.ts";
 * const [y] = interpret([pad(constant("x", [2], [1, 2]), 0, 1, 2)]);
 * console.assert(y.join() === "0,1,2,0,0");
 * ```
 */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  const at = axisOf("pad", x, axis);
  if (!(Number.isInteger(before) && Number.isInteger(after) && before >= 0 && after >= 0)) {
    throw new ShapeError(`pad: ${before} before and ${after} after ${x} are no counts of zeros; give whole numbers from 0, or use slice()`);
  }
  return window(x, at, -before, before + x.shape[at] + after);
}

/** `length` places along `axis`, the first of which is place `start` of x. */
function window(x: Tensor, axis: number, start: number, length: number): Tensor {
  needsWords("slice", x);
  return start === 0 && length === x.shape[axis] ? x : op({ x }, { axis, start, length }).y;
}

const op = defineOp<{ x: Tensor }, "y", { axis: number; start: number; length: number }>({
  name: "slice",
  f16: ["y"],
  outputs: ({ x }, { axis, length }) => ({ y: { shape: withSide(x.shape, axis, length), dtype: x.dtype } }),
  launches({ x, y }, { axis, start, length }) {
    const [, S, C] = around(x.shape, axis);
    const dims = { N: y.size, L: length * C, SX: S * C, SY: length * C, shift: start * C, offset: 0 };
    return [{ label: "slice", wgsl: flatIndex + copyWindow, dims, workgroups: Math.ceil(y.size / 64) }];
  },
  backward: ({ x }, { dy }, { axis, start }) => ({ x: window(dy!, axis, -start, x.shape[axis]) }),
  reference({ x: values }, { x, y }, { axis, start, length }) {
    const [K, S, C] = around(x.shape, axis), out = wordsLike(x, y.size);
    for (let k = 0; k < K; k++) {
      for (let s = Math.max(0, -start); s < length && s + start < S; s++) {
        for (let c = 0; c < C; c++) out[(k * length + s) * C + c] = values[(k * S + s + start) * C + c];
      }
    }
    return { y: out };
  },
  cpu({ x, y }, { axis, start, length }) {
    const [K, S, C] = around(x.shape, axis), from = Math.max(0, start), to = Math.min(S, start + length);
    if (start < 0 || start + length > S) y.data.fill(0);
    for (let k = 0; k < K; k++) y.data.set(x.data.subarray((k * S + from) * C, (k * S + to) * C), (k * length + from - start) * C);
  },
});
