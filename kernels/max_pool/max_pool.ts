import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Shape, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import isNan from "../common/is_nan.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import firstLargest from "./first_largest.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };

/**
 * Largest value of each 2 x 2 window, stride 2. x (B, C, H, W) → (B, C, floor(H / 2), floor(W / 2)).
 * The gradient goes to the first of equals.
 *
 * ```ts
 * import { constant, interpret, maxPool } from "../../mod.ts";
 * const [y] = interpret([maxPool(constant("x", [1, 1, 4, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]))]);
 * console.assert(y.join() === "6,8,14,16");
 * ```
 */
export function maxPool(x: Tensor): Tensor {
  return forward({ x }, {}).y;
}

const forward = defineOp<{ x: Tensor }, "y">({
  name: "max_pool",
  f16: ["y"],
  outputs({ x }) {
    const [B, C, H, W] = x.shape;
    if (x.shape.length !== 4 || H < 2 || W < 2) {
      throw new ShapeError(`maxPool: ${x} is not (B, C, H, W) with sides of at least 2; give pictures that hold a window`);
    }
    return { y: [B, C, Math.floor(H / 2), Math.floor(W / 2)] };
  },
  launches: ({ x: { shape: [, , H, W] }, y }) => [{
    label: "max_pool/forward",
    wgsl: flatIndex + isNan + firstLargest + forwardWgsl,
    dims: { Y: y.size, H, W },
    workgroups: Math.ceil(y.size / 64),
  }],
  backward: ({ x }, { dy }) => ({ x: backward({ x, dy: dy! }, {}).dx }),
  reference({ x }, { x: { shape }, y: { size } }) {
    const y = new Float64Array(size);
    eachWindow(shape, x, (i, place) => y[i] = x[place]);
    return { y };
  },
  cpu({ x: { data: x, shape: [B, C, H, W] }, y: { data: y } }) {
    for (let image = 0, i = 0; image < B * C; image++) {
      for (let h = 0; h + 1 < H; h += 2) {
        const row = (image * H + h) * W;
        for (let at = row, end = row + W - 1; at < end; at += 2) y[i++] = Math.max(x[at], x[at + 1], x[at + W], x[at + W + 1]);
      }
    }
  },
});

const backward = defineOp<{ x: Tensor; dy: Tensor }, "dx">({
  name: "max_pool_backward",
  f16: ["dx"],
  outputs: ({ x }) => ({ dx: x.shape }),
  launches: ({ x: { shape: [, , H, W], size } }) => [{
    label: "max_pool/backward",
    wgsl: flatIndex + isNan + firstLargest + backwardWgsl,
    dims: { X: size, H, W },
    workgroups: Math.ceil(size / 64),
  }],
  backward: null,
  reference({ x, dy }, { x: { shape, size } }) {
    const dx = new Float64Array(size);
    eachWindow(shape, x, (i, place) => dx[place] = dy[i]);
    return { dx };
  },
  cpu({ x: { data: x, shape: [B, C, H, W] }, dy: { data: dy }, dx: { data: dx } }) {
    dx.fill(0);
    for (let image = 0, i = 0; image < B * C; image++) {
      for (let h = 0; h + 1 < H; h += 2) {
        const row = (image * H + h) * W;
        for (let at = row, end = row + W - 1; at < end; at += 2) dx[largest(x, at, W)] = dy[i++];
      }
    }
  },
});

/** Calls `visit` with the number of each window and the index of its largest value. */
function eachWindow([B, C, H, W]: Shape, x: Float32Array | Float64Array, visit: (window: number, place: number) => void): void {
  let window = 0;
  for (let image = 0; image < B * C; image++) {
    for (let h = 0; h + 1 < H; h += 2) {
      for (let w = 0; w + 1 < W; w += 2) visit(window++, largest(x, (image * H + h) * W + w, W));
    }
  }
}

/** The place of the first largest value of the window whose corner is given, or of its last NaN. */
function largest(x: Float32Array | Float64Array, corner: number, W: number): number {
  let place = corner;
  if (x[corner + 1] > x[place] || x[corner + 1] !== x[corner + 1]) place = corner + 1; // itself: only NaN is not
  if (x[corner + W] > x[place] || x[corner + W] !== x[corner + W]) place = corner + W;
  if (x[corner + W + 1] > x[place] || x[corner + W + 1] !== x[corner + W + 1]) place = corner + W + 1;
  return place;
}
