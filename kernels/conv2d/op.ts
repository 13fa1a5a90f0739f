// The three ops of a convolution, each a product of implicit matrices: y from x and w, dx from dy and w, dw from dy and x.
// All are linear in both operands, so each is the gradient of the others; a transposed convolution is the second.

import { apply, type OpSpec, type Tensor } from "../../src/graph.ts";
import { type Gemm, gemmChoice, partialShape } from "../common/gemm/gemm.ts";
import { sum } from "../sum/sum.ts";
import backwardWWgsl from "./backward_w.wgsl" with { type: "text" };
import backwardXWgsl from "./backward_x.wgsl" with { type: "text" };
import dimsWgsl from "./dims.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import { eachProduct, type Geometry, geometryOf, type Window } from "./geometry.ts";
import storeWgsl from "./store.wgsl" with { type: "text" };
import storePhasesWgsl from "./store_phases.wgsl" with { type: "text" };

type Forward = { x: Tensor; w: Tensor; bias?: Tensor };
type BackwardX = { dy: Tensor; w: Tensor; bias?: Tensor };
type BackwardW = { dy: Tensor; x: Tensor };

/** y = conv(x, w) + bias. x (B, C, H, W), w (O, C, KH, KW), bias (O) → y (B, O, OH, OW). */
export function convolution(x: Tensor, w: Tensor, bias: Tensor | undefined, window: Window): Tensor {
  return apply(forwardSpec, { x, w, bias }, window).y;
}

/** dx = gradient of conv(x, w) for x, + bias. dy (B, O, OH, OW), w (O, C, KH, KW), bias (C) → dx (B, C, H, W). */
export function inputGradient(dy: Tensor, w: Tensor, bias: Tensor | undefined, attributes: Window & { H: number; W: number }): Tensor {
  return apply(backwardXSpec, { dy, w, bias }, attributes).dx;
}

/** dw = gradient of conv(x, w) for w. dy (B, O, OH, OW), x (B, C, H, W) → dw (O, C, KH, KW). */
export function weightGradient(dy: Tensor, x: Tensor, attributes: Window & { KH: number; KW: number }): Tensor {
  return apply(backwardWSpec, { dy, x }, attributes).dw;
}

/** What the products of one geometry share. What is absent is never read, yet its binding needs a buffer: `bind` says which. */
const common = (g: Geometry, bias?: Tensor) => ({
  layout: `${g.KH}x${g.KW} stride ${g.stride}`,
  dims: g,
  overrides: { BIAS: Number(!!bias) },
});

export function forwardGemm({ x, w, bias }: Forward, window: Window): Gemm {
  const g = geometryOf(x.shape, w.shape, window);
  return {
    ...common(g, bias),
    label: "conv2d/forward",
    ...{ Z: g.B, M: g.O, N: g.OH * g.OW, K: g.C * g.KH * g.KW },
    operands: dimsWgsl + forwardWgsl,
    store: storeWgsl,
    bind: bias ? {} : { bias: "w" },
  };
}

export function backwardXGemm({ dy, w, bias }: BackwardX, { H, W, ...window }: Window & { H: number; W: number }): Gemm {
  const g = geometryOf([dy.shape[0], w.shape[1], H, W], w.shape, window), s = g.stride;
  return {
    ...common(g, bias),
    label: "conv2d/backward_x",
    ...{ Z: g.B * s * s, M: g.C, N: Math.ceil(H / s) * Math.ceil(W / s), K: g.O * Math.ceil(g.KH / s) * Math.ceil(g.KW / s) },
    operands: dimsWgsl + backwardXWgsl,
    store: storePhasesWgsl,
    bind: bias ? {} : { bias: "w" },
  };
}

export function backwardWGemm({ dy, x }: BackwardW, { KH, KW, ...window }: Window & { KH: number; KW: number }): Gemm {
  const g = geometryOf(x.shape, [dy.shape[1], x.shape[1], KH, KW], window);
  return {
    ...common(g),
    label: "conv2d/backward_w",
    ...{ Z: 1, M: g.O, N: g.C * KH * KW, K: g.B * g.OH * g.OW },
    operands: dimsWgsl + backwardWWgsl,
    store: storeWgsl,
    bind: { y: "dw", bias: "x" },
  };
}

export const forwardSpec: OpSpec<Forward, "y" | "partial", Window> = {
  name: "conv2d",
  f16: ["y"],
  outputs(inputs, window) {
    const { B, O, OH, OW } = geometryOf(inputs.x.shape, inputs.w.shape, window);
    return { y: [B, O, OH, OW], partial: partialShape(forwardGemm(inputs, window)) };
  },
  launches: (tensors, window, context) => gemmChoice(forwardGemm(tensors, window), context),
  backward({ x, w, bias }, { dy }, window) {
    const [, , H, W] = x.shape, [, , KH, KW] = w.shape;
    return {
      x: inputGradient(dy!, w, undefined, { ...window, H, W }),
      w: weightGradient(dy!, x, { ...window, KH, KW }),
      bias: bias && sum(dy!, [0, 2, 3]),
    };
  },
  reference({ x, w, bias }, { x: { shape }, w: { shape: kernel }, y: { size }, partial }, window) {
    const g = geometryOf(shape, kernel, window), y = spread(bias, size, g.O, g.OH * g.OW);
    eachProduct(g, (xi, wi, yi) => y[yi] += x[xi] * w[wi]);
    return { y, partial: new Float64Array(partial.size) };
  },
  cpu({ x, w, bias, y }, window, kernels) {
    kernels.conv({ ...geometryOf(x.shape, w.shape, window), x: x.pointer, w: w.pointer, y: y.pointer, bias: bias?.pointer });
  },
};

export const backwardXSpec: OpSpec<BackwardX, "dx" | "partial", Window & { H: number; W: number }> = {
  name: "conv2d_backward_x",
  f16: ["dx"],
  outputs(inputs, attributes) {
    const { H, W } = attributes;
    return { dx: [inputs.dy.shape[0], inputs.w.shape[1], H, W], partial: partialShape(backwardXGemm(inputs, attributes)) };
  },
  launches: (tensors, attributes, context) => gemmChoice(backwardXGemm(tensors, attributes), context),
  backward({ dy, w, bias }, { ddx }, { stride, padding }) {
    const [, , KH, KW] = w.shape;
    return {
      dy: convolution(ddx!, w, undefined, { stride, padding }),
      w: weightGradient(dy, ddx!, { stride, padding, KH, KW }),
      bias: bias && sum(ddx!, [0, 2, 3]),
    };
  },
  reference({ dy, w, bias }, { w: { shape: kernel }, dx: { shape, size }, partial }, window) {
    const g = geometryOf(shape, kernel, window), dx = spread(bias, size, g.C, g.H * g.W);
    eachProduct(g, (xi, wi, yi) => dx[xi] += dy[yi] * w[wi]);
    return { dx, partial: new Float64Array(partial.size) };
  },
  cpu({ dy, w, bias, dx }, window, kernels) {
    kernels.convDataGradient({
      ...geometryOf(dx.shape, w.shape, window),
      dy: dy.pointer,
      w: w.pointer,
      dx: dx.pointer,
      bias: bias?.pointer,
    });
  },
};

export const backwardWSpec: OpSpec<BackwardW, "dw" | "partial", Window & { KH: number; KW: number }> = {
  name: "conv2d_backward_w",
  outputs(inputs, attributes) {
    const { KH, KW } = attributes;
    return { dw: [inputs.dy.shape[1], inputs.x.shape[1], KH, KW], partial: partialShape(backwardWGemm(inputs, attributes)) };
  },
  launches: (tensors, attributes, context) => gemmChoice(backwardWGemm(tensors, attributes), context),
  backward({ dy, x }, { ddw }, { stride, padding }) {
    const [, , H, W] = x.shape;
    return {
      dy: convolution(x, ddw!, undefined, { stride, padding }),
      x: inputGradient(dy, ddw!, undefined, { stride, padding, H, W }),
    };
  },
  reference({ dy, x }, { x: { shape }, dw: { shape: kernel, size }, partial }, window) {
    const dw = new Float64Array(size);
    eachProduct(geometryOf(shape, kernel, window), (xi, wi, yi) => dw[wi] += dy[yi] * x[xi]);
    return { dw, partial: new Float64Array(partial.size) };
  },
  cpu({ dy, x, dw }, window, kernels) {
    kernels.convWeightGradient({ ...geometryOf(x.shape, dw.shape, window), x: x.pointer, dy: dy.pointer, dw: dw.pointer });
  },
};

/** Start values of a sum over products: each channel's bias in all of its plane. */
function spread(bias: ArrayLike<number> | undefined, size: number, channels: number, plane: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => bias ? bias[Math.floor(i / plane) % channels] : 0);
}
