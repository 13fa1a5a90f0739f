import { ShapeError } from "../../src/errors.ts";
import { defineOp, reshape, type Tensor } from "../../src/graph.ts";
import { around, withSide } from "../axis.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import resampleWgsl from "./resample.wgsl" with { type: "text" };
import { type ResizeMode, type Taps, tapsOf } from "./taps.ts";

/**
 * Pictures in another size, as torch's interpolate with align_corners false: bilinear, or bicubic with A = -0.75; no antialiasing.
 * x (B, C, H, W) → (B, C, ...size).
 *
 * ```ts
 * import { constant, interpret, resize } from "../../mod.ts";
 * const [y] = interpret([resize(constant("x", [1, 1, 1, 2], [0, 1]), [1, 4], "bilinear")]);
 * console.assert(y.join() === "0,0.25,0.75,1");
 * ```
 */
export function resize(x: Tensor, size: readonly [number, number], mode: "bilinear" | "bicubic"): Tensor {
  return resized("resize", x, size, mode);
}

/**
 * Means over a grid of windows that cover the picture, as torch's adaptive_avg_pool2d: window i of n begins at floor(i * H / n) and
 * ends before ceil((i + 1) * H / n). x (B, C, H, W) → (B, C, ...size).
 *
 * ```ts
 * import { adaptiveAvgPool, constant, interpret } from "../../mod.ts";
 * const [y] = interpret([adaptiveAvgPool(constant("x", [1, 1, 2, 2], [1, 2, 3, 6]), [1, 1])]);
 * console.assert(y.join() === "3");
 * ```
 */
export function adaptiveAvgPool(x: Tensor, size: readonly [number, number]): Tensor {
  return resized("adaptiveAvgPool", x, size, "average");
}

function resized(name: string, x: Tensor, size: readonly [number, number], mode: ResizeMode): Tensor {
  if (x.shape.length !== 4 || size.some((side) => !Number.isInteger(side) || side < 1)) {
    throw new ShapeError(`${name}: ${x} to (${size.join(", ")}) is not (B, C, H, W) to a positive height and width; give both`);
  }
  return resampled(resampled(x, 2, size[0], mode), 3, size[1], mode);
}

function resampled(x: Tensor, axis: number, side: number, mode: ResizeMode): Tensor {
  if (x.shape[axis] === side) return x;
  const { forward, backward } = tapsOf(mode, x.shape[axis], side);
  return reshape(resample(reshape(x, around(x.shape, axis)), forward, backward), withSide(x.shape, axis, side));
}

function resample(x: Tensor, taps: Taps, gradient: Taps): Tensor {
  const { starts, sources, weights } = taps;
  return op({ x, starts, sources, weights }, { outputs: taps.outputs, taps, gradient }).y;
}

type Inputs = { x: Tensor; starts: Tensor; sources: Tensor; weights: Tensor };

const op = defineOp<Inputs, "y", { outputs: number; taps: Taps; gradient: Taps }>({
  name: "resize",
  f16: ["y"],
  outputs: ({ x: { shape: [K, , C] } }, { outputs }) => ({ y: [K, outputs, C] }),
  launches: ({ x: { shape: [, S, C] }, y }, { outputs }) => [{
    label: "resize",
    wgsl: flatIndex + resampleWgsl,
    dims: { Y: y.size, S, O: outputs, C },
    workgroups: Math.ceil(y.size / 64),
  }],
  backward: (_, { dy }, { taps, gradient }) => ({ x: resample(dy!, gradient, taps) }),
  reference({ x, starts, sources, weights }, { x: { shape: [K, S, C] } }, { outputs }) {
    const y = new Float64Array(K * outputs * C);
    for (let k = 0; k < K; k++) {
      for (let o = 0; o < outputs; o++) {
        for (let j = starts[o]; j < starts[o + 1]; j++) {
          for (let c = 0; c < C; c++) y[(k * outputs + o) * C + c] += weights[j] * x[(k * S + sources[j]) * C + c];
        }
      }
    }
    return { y };
  },
  cpu({ x, starts, sources, weights, y }, { outputs }) {
    const [K, S, C] = x.shape, values = x.data, out = y.data;
    for (let k = 0; k < K; k++) {
      for (let o = 0; o < outputs; o++) {
        const to = (k * outputs + o) * C, first = starts.data[o], end = starts.data[o + 1];
        if (C === 1) {
          let sum = 0;
          for (let j = first; j < end; j++) sum += weights.data[j] * values[k * S + sources.data[j]];
          out[to] = sum;
          continue;
        }
        out.fill(0, to, to + C);
        for (let j = first; j < end; j++) {
          const weight = weights.data[j], from = (k * S + sources.data[j]) * C;
          for (let c = 0; c < C; c++) out[to + c] += weight * values[from + c];
        }
      }
    }
  },
});
