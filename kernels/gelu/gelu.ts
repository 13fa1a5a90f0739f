// GELU (Hendrycks and Gimpel 2016) in both published forms. `gelu.wgsl` is a chunk, so that other kernels can apply it too.

import { ShapeError } from "../../src/errors.ts";
import type { Tensor } from "../../src/graph.ts";
import { unary } from "../activations/unary.ts";
import { normalCumulative, normalDensity } from "./erf.ts";
import geluWgsl from "./gelu.wgsl" with { type: "text" };
import geluTanhWgsl from "./gelu_tanh.wgsl" with { type: "text" };

/**
 * x * Phi(x), value by value, Phi being the normal distribution: the exact form, as in BEiT. Error below 1e-6.
 *
 * ```ts
 * import { constant, gelu, interpret } from "../../mod.ts";
 * const [y] = interpret([gelu(constant("x", [2], [0, 100]))]);
 * console.assert(y.join() === "0,100");
 * ```
 */
export function gelu(x: Tensor): Tensor {
  return exact.forward(x);
}

/** dy * d gelu(x) / dx. x and dy (…) → dx (…). */
export function geluBackward(x: Tensor, dy: Tensor): Tensor {
  if (dy.size !== x.size) throw new ShapeError(`geluBackward: ${dy} is not the gradient of a function of ${x}; the shapes must agree`);
  return exact.backward(x, dy);
}

/**
 * The tanh form of the original BERT: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))); up to 5e-4 away from `gelu`.
 *
 * ```ts
 * import { constant, geluTanh, interpret } from "../../mod.ts";
 * const [y] = interpret([geluTanh(constant("x", [2], [0, 100]))]);
 * console.assert(y.join() === "0,100");
 * ```
 */
export function geluTanh(x: Tensor): Tensor {
  return byTanh.forward(x);
}

/** gelu(x) in float64, for references. */
export function geluOf(x: number): number {
  return x * normalCumulative(x);
}

/** d gelu(x) / dx in float64, for references. */
export function geluSlope(x: number): number {
  return normalCumulative(x) + x * normalDensity(x);
}

const exact = unary({ name: "gelu", chunk: geluWgsl, kept: "x", apply: geluOf, derivative: geluSlope, cpu: "gelu" });

const k = Math.sqrt(2 / Math.PI);
const inner = (x: number) => Math.tanh(k * (x + 0.044715 * x ** 3));
const byTanh = unary({
  name: "gelu_tanh",
  chunk: geluTanhWgsl,
  kept: "x",
  apply: (x) => x / 2 * (1 + inner(x)),
  derivative: (x) => (1 + inner(x)) / 2 + x / 2 * (1 - inner(x) ** 2) * k * (1 + 3 * 0.044715 * x * x),
});
