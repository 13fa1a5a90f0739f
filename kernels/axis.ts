// An axis among the others: the three-sided view that kernels along one axis work on.

import { ShapeError } from "../src/errors.ts";
import type { Shape, Tensor } from "../src/graph.ts";

/** `axis` counted from the front. @throws ShapeError when x has no such axis. */
export function axisOf(op: string, x: Tensor, axis: number): number {
  const rank = x.shape.length, found = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(found) || found < 0 || found >= rank) {
    throw new ShapeError(`${op}: ${x} has no axis ${axis}; its axes are 0 to ${rank - 1}`);
  }
  return found;
}

/** A shape as (values before the axis, its side, values after it). */
export function around(shape: Shape, axis: number): [number, number, number] {
  const product = (sides: Shape) => sides.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, axis)), shape[axis], product(shape.slice(axis + 1))];
}

/** `shape` with another side at `axis`. */
export function withSide(shape: Shape, axis: number, side: number): number[] {
  return shape.map((s, i) => i === axis ? side : s);
}

/** Zeroed host values for a copy of x. */
export function wordsLike(x: Tensor, size: number): Float64Array | Uint32Array {
  return x.dtype === "u32" ? new Uint32Array(size) : new Float64Array(size);
}

/** @throws ShapeError for u8, whose values are smaller than the words that kernels move. */
export function needsWords(op: string, x: Tensor): void {
  if (x.dtype === "u8") throw new ShapeError(`${op}: ${x} holds bytes, and kernels move words of four; convert it with imageTensor()`);
}
