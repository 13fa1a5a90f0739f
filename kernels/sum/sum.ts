// Sums and means over axes, and their gradient, which repeats a value along them.

import { ShapeError } from "../../src/errors.ts";
import { defineOp, reshape, type Shape, type Tensor } from "../../src/graph.ts";
import { padded } from "../broadcasting.ts";
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import sumWgsl from "./sum.wgsl" with { type: "text" };
import { repeat } from "./repeat.ts";

/** Sum over `axes` (all if absent); those axes disappear. A sum over everything has shape (1). */
export function sum(x: Tensor, axes?: readonly number[]): Tensor {
  return reduce(x, axes, 1);
}

/** Mean over `axes` (all if absent); those axes disappear. */
export function mean(x: Tensor, axes?: readonly number[]): Tensor {
  const summed = axesOf("mean", x, axes).reduce((n, axis) => n * x.shape[axis], 1);
  return reduce(x, axes, 1 / summed);
}

/** Sum over the axes along which `shape` was repeated to give x: the gradient of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const target = padded(shape, x.shape.length);
  const axes = x.shape.flatMap((side, axis) => target[axis] === 1 && side !== 1 ? [axis] : []);
  return reshape(axes.length ? sum(x, axes) : x, shape);
}

function reduce(x: Tensor, axes: readonly number[] | undefined, scale: number): Tensor {
  const over = axesOf("sum", x, axes);
  const kept = x.shape.filter((_, axis) => !over.includes(axis));
  return reshape(blocks(x, over).reduce(({ t, scale }, form) => ({ t: op({ x: t }, { form, scale }).y, scale: 1 }), { t: x, scale }).t, kept.length ? kept : [1]);
}
