// Functions of one value: one kernel, a chunk of two lines each.

import type { Tensor } from "../../src/graph.ts";
import absWgsl from "./abs.wgsl" with { type: "text" };
import expWgsl from "./exp.wgsl" with { type: "text" };
import logWgsl from "./log.wgsl" with { type: "text" };
import reluWgsl from "./relu.wgsl" with { type: "text" };
import sigmoidWgsl from "./sigmoid.wgsl" with { type: "text" };
import sqrtWgsl from "./sqrt.wgsl" with { type: "text" };
import squareWgsl from "./square.wgsl" with { type: "text" };
import tanhWgsl from "./tanh.wgsl" with { type: "text" };
import { unary } from "./unary.ts";

/**
 * max(x, 0), value by value; its gradient at 0 is 0.
 *
 * ```ts
 * import { constant, interpret, relu } from "../../mod.ts";
 * const [y] = interpret([relu(constant("x", [3], [-1, 0, 2]))]);
 * console.assert(y.join() === "0,0,2");
 * ```
 */
export function relu(x: Tensor): Tensor {
  return reluOp.forward(x);
}

/** dy where y > 0, else 0: the gradient of relu from its output, or as well from its input. y and dy (…) → dx (…). */
export function reluBackward(y: Tensor, dy: Tensor): Tensor {
  return reluOp.backward(y, dy);
}

/**
 * tanh(x), value by value; large values give ±1.
 *
 * ```ts
 * import { constant, interpret, tanh } from "../../mod.ts";
 * const [y] = interpret([tanh(constant("x", [1], [0]))]);
 * console.assert(y.join() === "0");
 * ```
 */
export function tanh(x: Tensor): Tensor {
  return tanhOp.forward(x);
}

/**
 * 1 / (1 + exp(-x)), value by value; large values give 0 and 1.
 *
 * ```ts
 * import { constant, interpret, sigmoid } from "../../mod.ts";
 * const [y] = interpret([sigmoid(constant("x", [1], [0]))]);
 * console.assert(y.join() === "0.5");
 * ```
 */
export function sigmoid(x: Tensor): Tensor {
  return sigmoidOp.forward(x);
}

/**
 * e to the x, value by value; infinite beyond 88.7, as f32 is.
 *
 * ```ts
 * import { constant, exp, interpret } from "../../mod.ts";
 * const [y] = interpret([exp(constant("x", [2], [0, 0]))]);
 * console.assert(y.join() === "1,1");
 * ```
 */
export function exp(x: Tensor): Tensor {
  return expOp.forward(x);
}

/**
 * Natural logarithm, value by value; NaN below 0.
 *
 * ```ts
 * import { constant, interpret, log } from "../../mod.ts";
 * const [y] = interpret([log(constant("x", [1], [1]))]);
 * console.assert(y.join() === "0");
 * ```
 */
export function log(x: Tensor): Tensor {
  return logOp.forward(x);
}

/**
 * x * x, value by value.
 *
 * ```ts
 * import { constant, interpret, square } from "../../mod.ts";
 * const [y] = interpret([square(constant("x", [2], [-2, 3]))]);
 * console.assert(y.join() === "4,9");
 * ```
 */
export function square(x: Tensor): Tensor {
  return squareOp.forward(x);
}

/**
 * Square root, value by value; its gradient at 0 is infinite.
 *
 * ```ts
 * import { constant, interpret, sqrt } from "../../mod.ts";
 * const [y] = interpret([sqrt(constant("x", [2], [4, 9]))]);
 * console.assert(y.join() === "2,3");
 * ```
 */
export function sqrt(x: Tensor): Tensor {
  return sqrtOp.forward(x);
}

/**
 * |x|, value by value; its gradient at 0 is 0.
 *
 * ```ts
 * import { abs, constant, interpret } from "../../mod.ts";
 * const [y] = interpret([abs(constant("x", [2], [-3, 2]))]);
 * console.assert(y.join() === "3,2");
 * ```
 */
export function abs(x: Tensor): Tensor {
  return absOp.forward(x);
}

const reluOp = unary({
  name: "relu",
  chunk: reluWgsl,
  kept: "y",
  apply: (x) => Math.max(x, 0),
  derivative: (y) => y > 0 ? 1 : 0,
  cpu: "relu",
});
const tanhOp = unary({ name: "tanh", chunk: tanhWgsl, kept: "y", apply: Math.tanh, derivative: (y) => 1 - y * y });
const sigmoidOp = unary({
  name: "sigmoid",
  chunk: sigmoidWgsl,
  kept: "y",
  apply: (x) => 1 / (1 + Math.exp(-x)),
  derivative: (y) => y * (1 - y),
});
const expOp = unary({ name: "exp", wide: true, chunk: expWgsl, kept: "y", apply: Math.exp, derivative: (y) => y });
const logOp = unary({ name: "log", wide: true, chunk: logWgsl, kept: "x", apply: Math.log, derivative: (x) => 1 / x });
const squareOp = unary({ name: "square", wide: true, chunk: squareWgsl, kept: "x", apply: (x) => x * x, derivative: (x) => 2 * x });
const sqrtOp = unary({ name: "sqrt", wide: true, chunk: sqrtWgsl, kept: "y", apply: Math.sqrt, derivative: (y) => 0.5 / y });
const absOp = unary({ name: "abs", chunk: absWgsl, kept: "x", apply: Math.abs, derivative: Math.sign });
