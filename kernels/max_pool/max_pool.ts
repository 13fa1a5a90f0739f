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
 */
export function maxPool(x: Tensor): Tensor {
  return forward({ x }, {}).y;
}

const forward = defineOp<{ x: Tensor }, "y">({
  name: "max_pool",
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
  cpu: ({ x, y }) => eachWindow(x.shape, x.data, (i, place) => y.data[i] = x.data[place]),
});

const backward = defineOp<{ x: Tensor; dy: Tensor }, "dx">({
  name: "max_pool_backward",
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
  cpu({ x, dy, dx }) {
    dx.data.fill(0);
    eachWindow(x.shape, x.data, (i, place) => dx.data[place] = dy.data[i]);
  },
});

/** Calls `visit` with the number of each window and the index of its largest value. */
function eachWindow([B, C, H, W]: Shape, x: ArrayLike<number>, visit: (window: number, place: number) => void): void {
  let window = 0;
  for (let image = 0; image < B * C; image++) {
    for (let h = 0; h + 1 < H; h += 2) {
      for (let w = 0; w + 1 < W; w += 2) {
        const corner = (image * H + h) * W + w;
        let place = corner;
        if (x[corner + 1] > x[place] || x[corner + 1] !== x[corner + 1]) place = corner + 1; // itself: only NaN is not
        if (x[corner + W] > x[place] || x[corner + W] !== x[corner + W]) place = corner + W;
        if (x[corner + W + 1] > x[place] || x[corner + W + 1] !== x[corner + W + 1]) place = corner + W + 1;
        visit(window++, place);
      }
    }
  }
}
