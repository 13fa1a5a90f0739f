import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };

/**
 * Every pixel repeated `factor` times along both sides (nearest neighbour). x (B, C, H, W) → (B, C, H * factor, W * factor).
 *
 * ```ts
 * import { constant, interpret, upsample } from "../../mod.ts";
 * const [y] = interpret([upsample(constant("x", [1, 1, 1, 2], [1, 2]), 2)]);
 * console.assert(y.join() === "1,1,2,2,1,1,2,2");
 * ```
 */
export function upsample(x: Tensor, factor = 2): Tensor {
  return forward({ x }, { factor }).y;
}

const forward = defineOp<{ x: Tensor }, "y", { factor: number }>({
  name: "upsample",
  f16: ["y"],
  outputs({ x }, { factor }) {
    const [B, C, H, W] = x.shape;
    if (x.shape.length !== 4 || !Number.isInteger(factor) || factor < 1) {
      throw new ShapeError(`upsample: ${x} by ${factor} is not (B, C, H, W) by a positive integer; use resize() for other sizes`);
    }
    return { y: [B, C, H * factor, W * factor] };
  },
  launches: ({ x: { shape: [, , H, W] }, y }, { factor }) => [{
    label: "upsample/forward",
    wgsl: flatIndex + forwardWgsl,
    dims: { Y: y.size, H, W, F: factor },
    workgroups: Math.ceil(y.size / 64),
  }],
  backward: (_, { dy }, attributes) => ({ x: backward({ dy: dy! }, attributes).dx }),
  reference({ x }, { y: { shape: [B, C, OH, OW], size } }, { factor }) {
    const y = new Float64Array(size), W = OW / factor;
    for (let r = 0; r < B * C * OH; r++) {
      for (let w = 0; w < OW; w++) y[r * OW + w] = x[Math.floor(r / factor) * W + Math.floor(w / factor)];
    }
    return { y };
  },
  cpu({ x: { data: x, shape: [, , , W] }, y: { data: y, shape: [B, C, OH, OW] } }, { factor }) {
    for (let r = 0, i = 0; r < B * C * OH; r++) {
      if (r % factor) {
        y.copyWithin(i, i - OW, i);
        i += OW;
      } else {
        for (let at = r / factor * W, end = at + W; at < end; at++) for (let f = 0; f < factor; f++) y[i++] = x[at];
      }
    }
  },
});

const backward = defineOp<{ dy: Tensor }, "dx", { factor: number }>({
  name: "upsample_backward",
  f16: ["dx"],
  outputs: ({ dy: { shape: [B, C, OH, OW] } }, { factor }) => ({ dx: [B, C, OH / factor, OW / factor] }),
  launches: ({ dx: { shape: [, , H, W], size } }, { factor }) => [{
    label: "upsample/backward",
    wgsl: flatIndex + backwardWgsl,
    dims: { X: size, H, W, F: factor },
    workgroups: Math.ceil(size / 64),
  }],
  backward: null,
  reference({ dy }, { dy: { shape: [B, C, OH, OW] }, dx: { size } }, { factor }) {
    const dx = new Float64Array(size), W = OW / factor;
    for (let r = 0; r < B * C * OH; r++) {
      for (let w = 0; w < OW; w++) dx[Math.floor(r / factor) * W + Math.floor(w / factor)] += dy[r * OW + w];
    }
    return { dx };
  },
  cpu({ dy: { data: dy, shape: [B, C, OH, OW] }, dx: { data: dx } }, { factor }) {
    const W = OW / factor;
    dx.fill(0);
    for (let r = 0, i = 0; r < B * C * OH; r++) {
      for (let at = Math.floor(r / factor) * W, end = at + W; at < end; at++) for (let f = 0; f < factor; f++) dx[at] += dy[i++];
    }
  },
});
