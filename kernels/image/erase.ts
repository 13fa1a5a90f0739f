import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import eraseWgsl from "./erase.wgsl" with { type: "text" };

/**
 * Random erasing (Zhong et al. 2020): each picture's box shows `noise` instead. x and noise (B, C, H, W), boxes u32 (B, 4) of left, top,
 * width, height; a width of 0 erases nothing. Pictures take no gradient. The published "pixel" mode has normal noise.
 *
 * ```ts
 * import { constant, eraseBoxes, interpret } from "../../mod.ts";
 * const x = constant("x", [1, 1, 2, 2], [1, 2, 3, 4]), noise = constant("noise", [1, 1, 2, 2], [0, 0, 0, 0]);
 * const [y] = interpret([eraseBoxes(x, noise, constant("boxes", [1, 4], [1, 0, 1, 2], "u32"))]); // the right column
 * console.assert(y.join() === "1,0,3,0");
 * ```
 */
export function eraseBoxes(x: Tensor, noise: Tensor, boxes: Tensor): Tensor {
  return op({ x, noise, boxes }, {}).y;
}

const op = defineOp<{ x: Tensor; noise: Tensor; boxes: Tensor }, "y">({
  name: "erase_boxes",
  f16: ["y"],
  outputs({ x, noise, boxes }) {
    if (x.shape.length !== 4 || noise.size !== x.size) throw new ShapeError(`eraseBoxes: ${x} and ${noise} are not both (B, C, H, W)`);
    if (boxes.dtype !== "u32" || boxes.size !== 4 * x.shape[0]) {
      throw new ShapeError(`eraseBoxes: ${boxes} is not (${x.shape[0]}, 4) u32; give left, top, width, height for each picture`);
    }
    return { y: x.shape };
  },
  launches: ({ x: { size, shape: [B, , H, W] } }) => [{
    label: "image/erase",
    wgsl: flatIndex + eraseWgsl,
    dims: { Y: size, S: size / B, H, W },
    workgroups: Math.ceil(size / 64),
  }],
  backward: null,
  reference({ x, noise, boxes }, { x: { shape: [B, C, H, W] } }) {
    const y = Float64Array.from(x);
    for (let b = 0; b < B; b++) {
      const [left, top, width, height] = boxes.subarray(4 * b, 4 * b + 4);
      for (let c = 0; c < C; c++) {
        for (let h = top; h < Math.min(H, top + height); h++) {
          for (let w = left; w < Math.min(W, left + width); w++) {
            const i = ((b * C + c) * H + h) * W + w;
            y[i] = noise[i];
          }
        }
      }
    }
    return { y };
  },
  cpu({ x, noise, boxes, y }) {
    const [B, C, H, W] = x.shape;
    y.data.set(x.data);
    for (let b = 0; b < B; b++) {
      const [left, top, width, height] = boxes.data.subarray(4 * b, 4 * b + 4), right = Math.min(W, left + width);
      if (left >= right) continue;
      for (let c = 0; c < C; c++) {
        for (let h = top; h < Math.min(H, top + height); h++) {
          const row = ((b * C + c) * H + h) * W;
          y.data.set(noise.data.subarray(row + left, row + right), row + left);
        }
      }
    }
  },
});
