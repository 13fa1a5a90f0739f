import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import imageWgsl from "./image.wgsl" with { type: "text" };

/** Three numbers, for red, green and blue. */
export type Rgb = readonly [number, number, number];

/**
 * Pictures as bytes to normalised planes: y = (x / 255 - mean) / std. x (B, H, W, 3) u8 → (B, 3, H, W).
 * Without mean and std the values lie in [0, 1].
 *
 * ```ts
 * import { constant, imageTensor, interpret } from "../../mod.ts";
 * const [y] = interpret([imageTensor(constant("bytes", [1, 1, 2, 3], [255, 0, 0, 0, 255, 255], "u8"))]);
 * console.assert(y.join() === "1,0,0,1,0,1");
 * ```
 */
export function imageTensor(x: Tensor, mean: Rgb = [0, 0, 0], std: Rgb = [1, 1, 1]): Tensor {
  return op({ x }, { mean, std }).y;
}

const op = defineOp<{ x: Tensor }, "y", { mean: Rgb; std: Rgb }>({
  name: "image",
  f16: ["y"],
  outputs({ x }, { std }) {
    const [B, H, W, C] = x.shape;
    if (x.dtype !== "u8" || x.shape.length !== 4 || C !== 3) {
      throw new ShapeError(`imageTensor: ${x} is not (B, H, W, 3) u8; give pictures as bytes`);
    }
    if (std.some((s) => !(s > 0))) throw new ShapeError(`imageTensor: std is (${std.join(", ")}); each must be above 0`);
    return { y: [B, 3, H, W] };
  },
  launches({ x: { shape: [B, H, W] } }, { mean, std }) {
    const [scale0, scale1, scale2] = std.map((s) => 1 / (255 * s));
    const [shift0, shift1, shift2] = std.map((s, c) => -mean[c] / s);
    const dims = { N: B * H * W, P: H * W, scale0, scale1, scale2, shift0, shift1, shift2 };
    return [{ label: "image", wgsl: flatIndex + imageWgsl, dims, workgroups: Math.ceil(B * H * W / 64) }];
  },
  backward: null,
  reference({ x }, { x: { shape: [B, H, W] } }, { mean, std }) {
    const y = new Float64Array(B * 3 * H * W), P = H * W;
    for (let b = 0; b < B; b++) {
      for (let p = 0; p < P; p++) for (let c = 0; c < 3; c++) y[(b * 3 + c) * P + p] = (x[(b * P + p) * 3 + c] / 255 - mean[c]) / std[c];
    }
    return { y };
  },
  cpu({ x, y }, { mean, std }) {
    const [B, H, W] = x.shape, P = H * W, bytes = x.data, out = y.data;
    for (let c = 0; c < 3; c++) {
      const table = Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean[c]) / std[c]);
      for (let b = 0; b < B; b++) {
        for (let p = 0, from = b * P * 3 + c, to = (b * 3 + c) * P; p < P; p++, from += 3) out[to + p] = table[bytes[from]];
      }
    }
  },
});
