// The DALL-E tokenizer's map of pixels away from 0 and 1, where the logit of the logit-Laplace distribution has no value.

import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import backwardWgsl from "./affine_backward.wgsl" with { type: "text" };
import affineWgsl from "./affine.wgsl" with { type: "text" };

/**
 * 0.8 x + 0.1: pixels in [0, 1] to [0.1, 0.9] (Ramesh et al. 2021, eps = 0.1). Any shape.
 *
 * ```ts
 * import { constant, interpret, mapPixels } from "../../mod.ts";
 * const [y] = interpret([mapPixels(constant("x", [3], [0, 0.5, 1]))]);
 * console.assert(y.join() === "0.1,0.5,0.9");
 * ```
 */
export function mapPixels(x: Tensor): Tensor {
  return affine({ x }, { scale: 0.8, shift: 0.1, low: -unbounded, high: unbounded }).y;
}

/**
 * The inverse of `mapPixels`, kept between 0 and 1. Any shape.
 *
 * ```ts
 * import { constant, interpret, mapPixels, unmapPixels } from "../../mod.ts";
 * const [y] = interpret([unmapPixels(mapPixels(constant("x", [1], [0.5])))]);
 * console.assert(y.join() === "0.5");
 * ```
 */
export function unmapPixels(x: Tensor): Tensor {
  return affine({ x }, { scale: 1 / 0.8, shift: -0.1 / 0.8, low: 0, high: 1 }).y;
}

/** The largest f32: no finite value is beyond it. */
const unbounded = 3.4028234663852886e38;

type Affine = { scale: number; shift: number; low: number; high: number };

const affine = defineOp<{ x: Tensor }, "y", Affine>({
  name: "map_pixels",
  f16: ["y"],
  outputs: ({ x }) => ({ y: x.shape }),
  launches: ({ x: { size } }, attributes) => [{
    label: "image/affine",
    wgsl: flatIndex + affineWgsl,
    dims: { Y: size, ...attributes },
    workgroups: Math.ceil(size / 64),
  }],
  backward: ({ x }, { dy }, attributes) => ({ x: backward({ x, dy: dy! }, attributes).dx }),
  reference: ({ x }, _, { scale, shift, low, high }) => ({
    y: Float64Array.from(x, (v: number) => Math.min(high, Math.max(low, scale * v + shift))),
  }),
  cpu({ x: { data: x }, y: { data: y } }, { scale, shift, low, high }) {
    for (let i = 0; i < x.length; i++) y[i] = Math.min(high, Math.max(low, scale * x[i] + shift));
  },
});

const backward = defineOp<{ x: Tensor; dy: Tensor }, "dx", Affine>({
  name: "map_pixels_backward",
  f16: ["dx"],
  outputs: ({ x }) => ({ dx: x.shape }),
  launches: ({ x: { size } }, attributes) => [{
    label: "image/affine_backward",
    wgsl: flatIndex + backwardWgsl,
    dims: { X: size, ...attributes },
    workgroups: Math.ceil(size / 64),
  }],
  backward: null,
  reference: ({ x, dy }, _, { scale, shift, low, high }) => ({
    dx: Float64Array.from(x, (v: number, i) => scale * v + shift < low || scale * v + shift > high ? 0 : scale * dy[i]),
  }),
  cpu({ x: { data: x }, dy: { data: dy }, dx: { data: dx } }, { scale, shift, low, high }) {
    for (let i = 0; i < x.length; i++) dx[i] = scale * x[i] + shift < low || scale * x[i] + shift > high ? 0 : scale * dy[i];
  },
});
