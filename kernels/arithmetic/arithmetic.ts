// add, subtract, multiply, divide, with broadcasting: one kernel, four one-line chunks.

import { constant, defineOp, type Tensor } from "../../src/graph.ts";
import { broadcastShape, mergeAxes, padded, strides } from "../broadcasting.ts";
import { sumTo } from "../sum/sum.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import flatWgsl from "./flat.wgsl" with { type: "text" };
import broadcastWgsl from "./broadcast.wgsl" with { type: "text" };
import addWgsl from "./add.wgsl" with { type: "text" };
import subtractWgsl from "./subtract.wgsl" with { type: "text" };
import multiplyWgsl from "./multiply.wgsl" with { type: "text" };
import divideWgsl from "./divide.wgsl" with { type: "text" };

/**
 * a + b with NumPy's broadcasting. (…) and (…) → common shape.
 *
 * ```ts
 * import { add, constant, interpret } from "../../mod.ts";
 * const [y] = interpret([add(constant("x", [2, 2], [1, 2, 3, 4]), constant("y", [2], [10, 20]))]);
 * console.assert(y.join() === "11,22,13,24");
 * ```
 */
export function add(a: Tensor, b: Tensor): Tensor {
  return addOp({ a, b }, {}).y;
}

/**
 * a - b with NumPy's broadcasting.
 *
 * ```ts
 * import { constant, interpret, subtract } from "../../mod.ts";
 * const [y] = interpret([subtract(constant("x", [2], [5, 7]), constant("y", [2], [1, 2]))]);
 * console.assert(y.join() === "4,5");
 * ```
 */
export function subtract(a: Tensor, b: Tensor): Tensor {
  return subtractOp({ a, b }, {}).y;
}

/**
 * a * b, value by value, with NumPy's broadcasting.
 *
 * ```ts
 * import { constant, interpret, multiply } from "../../mod.ts";
 * const [y] = interpret([multiply(constant("x", [2, 2], [1, 2, 3, 4]), constant("y", [2], [10, 20]))]);
 * console.assert(y.join() === "10,40,30,80");
 * ```
 */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return multiplyOp({ a, b }, {}).y;
}

/**
 * a / b, value by value, with NumPy's broadcasting.
 *
 * ```ts
 * import { constant, divide, interpret } from "../../mod.ts";
 * const [y] = interpret([divide(constant("x", [2], [6, 8]), constant("y", [2], [2, 4]))]);
 * console.assert(y.join() === "3,2");
 * ```
 */
export function divide(a: Tensor, b: Tensor): Tensor {
  return divideOp({ a, b }, {}).y;
}

type Pair = { a: Tensor; b: Tensor };

type Gradient = (t: Pair, dy: Tensor) => [Tensor, Tensor];

function binary(name: string, wgsl: string, apply: (a: number, b: number) => number, gradient: Gradient) {
  return defineOp<Pair, "y">({
    name,
    f16: ["y"],
    outputs: ({ a, b }) => ({ y: broadcastShape(name, a, b) }),
    launches({ a, b, y }) {
      const [d, p, q] = merged(name, a, b, y);
      const workgroups = Math.ceil(y.size / 64);
      if (a.size === y.size && repeats(d, q)) {
        const overrides = { ONE: Number(b.size === 1), REPEATED: Number(b.size > 1 && b.size < y.size) };
        return [{ label: name, wgsl: flatIndex + wgsl + flatWgsl, dims: { Y: y.size, B: b.size }, overrides, workgroups }];
      }
      const [a0, a1, a2, a3] = strides(p), [b0, b1, b2, b3] = strides(q);
      const dims = { Y: y.size, D1: d[1], D2: d[2], D3: d[3], a0, a1, a2, a3, b0, b1, b2, b3 };
      return [{ label: name, wgsl: flatIndex + wgsl + broadcastWgsl, dims, workgroups }];
    },
    backward({ a, b }, { dy }) {
      const [da, db] = gradient({ a, b }, dy!);
      return { a: sumTo(da, a.shape), b: sumTo(db, b.shape) };
    },
    reference(data, { a, b, y }) {
      const [d, p, q] = merged(name, a, b, y);
      const out = new Float64Array(y.size);
      broadcastLoop(d, strides(p), strides(q), (i, u, v) => out[i] = apply(data.a[u], data.b[v]));
      return { y: out };
    },
    cpu({ a, b, y }, _, kernels, tensors) {
      const vector = vectorised[name];
      const [d, p, q] = merged(name, tensors.a, tensors.b, tensors.y);
      // Where b is like a, or one row for all of its rows, the SIMD kernels do it; they know sums and products.
      const row = q[3] === d[3] && q.slice(0, 3).every((side) => side === 1);
      if (vector && a.size === y.size && (b.size === y.size || row)) {
        const [R, C] = b.size === y.size ? [1, y.size] : [y.size / d[3], d[3]];
        return kernels.elementwise({ ...vector, a: a.pointer, b: b.pointer, y: y.pointer, R, C, broadcast: b.size !== y.size });
      }
      if (name === "multiply" && b.size === 1) {
        return kernels.elementwise({ operation: "sum", a: a.pointer, y: y.pointer, C: y.size, alpha: b.data[0] });
      }
      broadcastLoop(d, strides(p), strides(q), (i, u, v) => y.data[i] = apply(a.data[u], b.data[v]));
    },
  });
}

const vectorised: Record<string, { operation: "sum" | "product"; beta?: number }> = {
  add: { operation: "sum" },
  subtract: { operation: "sum", beta: -1 },
  multiply: { operation: "product" },
};

/** Whether an operand of shape `q` meets the values of `d` in order, again and again: it is like them behind leading axes of 1. */
function repeats(d: number[], q: number[]): boolean {
  const first = q.findIndex((side) => side !== 1);
  return first < 0 || q.every((side, axis) => axis < first || side === d[axis]);
}

/** Calls `visit` with the numbers of y, a and b for every value of y, in order. */
function broadcastLoop(d: number[], s: number[], t: number[], visit: (i: number, u: number, v: number) => void): void {
  for (let i0 = 0, i = 0; i0 < d[0]; i0++) {
    for (let i1 = 0; i1 < d[1]; i1++) {
      for (let i2 = 0; i2 < d[2]; i2++) {
        const u = i0 * s[0] + i1 * s[1] + i2 * s[2], v = i0 * t[0] + i1 * t[1] + i2 * t[2];
        for (let i3 = 0; i3 < d[3]; i3++) visit(i++, u + i3 * s[3], v + i3 * t[3]);
      }
    }
  }
}

function merged(name: string, a: Tensor, b: Tensor, y: Tensor): number[][] {
  const rank = y.shape.length;
  return mergeAxes(name, [y.shape, padded(a.shape, rank), padded(b.shape, rank)]);
}

const negate = (t: Tensor) => multiply(t, constant("minus one", [1], [-1]));
const addOp = binary("add", addWgsl, (a, b) => a + b, (_, dy) => [dy, dy]);
const subtractOp = binary("subtract", subtractWgsl, (a, b) => a - b, (_, dy) => [dy, negate(dy)]);
const multiplyOp = binary("multiply", multiplyWgsl, (a, b) => a * b, ({ a, b }, dy) => [multiply(dy, b), multiply(dy, a)]);
const divideOp = binary("divide", divideWgsl, (a, b) => a / b, ({ a, b }, dy) => {
  const da = divide(dy, b);
  return [da, negate(divide(multiply(da, a), b))];
});
