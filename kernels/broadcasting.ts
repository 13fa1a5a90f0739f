// The one rule by which shapes of different rank and size meet: aligned at the last axis, sides of 1 are repeated.

import { ShapeError } from "../src/errors.ts";
import type { Shape, Tensor } from "../src/graph.ts";

/** Axes that a kernel with broadcasting can tell apart. */
export const maxAxes = 4;

/** The common shape of two tensors, as in NumPy. @throws ShapeError naming both. */
export function broadcastShape(op: string, a: Tensor, b: Tensor): Shape {
  const rank = Math.max(a.shape.length, b.shape.length);
  const p = padded(a.shape, rank), q = padded(b.shape, rank);
  return p.map((side, i) => {
    if (side !== q[i] && side !== 1 && q[i] !== 1) {
      throw new ShapeError(`${op}: ${a} and ${b} do not broadcast, axis ${i - rank} has ${side} and ${q[i]}; equal sides or 1 are needed`);
    }
    return Math.max(side, q[i]);
  });
}

/** `shape` with leading ones up to `rank` axes. */
export function padded(shape: Shape, rank: number): number[] {
  return [...Array(rank - shape.length).fill(1), ...shape];
}

/**
 * `shapes` with neighbouring axes merged where no shape tells them apart, then padded to four axes: the form that kernels index.
 * All have the rank of the first, whose sides are the largest. @throws ShapeError when more than four axes remain.
 */
export function mergeAxes(op: string, shapes: readonly Shape[]): number[][] {
  const [full] = shapes;
  const merged: number[][] = shapes.map(() => []);
  let before = -1;
  for (const axis of full.keys()) {
    if (full[axis] === 1) continue;
    const joins = before >= 0 && shapes.every((s) => (s[axis] === 1) === (s[before] === 1));
    shapes.forEach((s, i) => joins ? merged[i][merged[i].length - 1] *= s[axis] : merged[i].push(s[axis]));
    before = axis;
  }
  if (merged[0].length > maxAxes) {
    throw new ShapeError(
      `${op}: ${shapes.map((s) => `(${s.join(", ")})`).join(" and ")} need ${
        merged[0].length
      } axes after merging, kernels have ${maxAxes}; reshape first`,
    );
  }
  return merged.map((m) => padded(m, maxAxes));
}

/** Row-major strides of `shape`, with 0 along sides of 1. */
export function strides(shape: Shape): number[] {
  let step = 1;
  return [...shape].reverse().map((side) => {
    const stride = side === 1 ? 0 : step;
    step *= side;
    return stride;
  }).reverse();
}
