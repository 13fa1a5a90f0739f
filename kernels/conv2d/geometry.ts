// Sizes of a convolution, for kernels and references alike.

import { ShapeError } from "../../src/errors.ts";
import type { Tensor } from "../../src/graph.ts";

/** The same along both axes. */
export interface Window {
  stride: number;
  padding: number;
}

/** Fields of the kernels' Dims. x (B, C, H, W), w (O, C, KH, KW) → y (B, O, OH, OW). */
export type Geometry = Record<"B" | "C" | "H" | "W" | "O" | "KH" | "KW" | "OH" | "OW" | "stride" | "padding", number>;

/** Geometry of a convolution of x with w; shapes only. */
export function geometryOf(x: readonly number[], w: readonly number[], { stride, padding }: Window): Geometry {
  const [B, C, H, W] = x, [O, , KH, KW] = w;
  const along = (size: number, kernel: number) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
  return { B, C, H, W, O, KH, KW, OH: along(H, KH), OW: along(W, KW), stride, padding };
}

/** Throws unless x and w have four axes, the bias fits, and stride and padding are whole numbers. */
export function checkWindow(where: string, x: Tensor, w: Tensor, channels: number, bias: Tensor | undefined, window: Window): void {
  for (const t of [x, w]) {
    if (t.shape.length !== 4) throw new ShapeError(`${where}: ${t} has ${t.shape.length} axes; it must have 4`);
  }
  if (bias && bias.size !== channels) {
    throw new ShapeError(`${where}: ${bias} has ${bias.size} values, ${w} gives ${channels} channels; they must agree`);
  }
  const { stride, padding } = window;
  if (!Number.isInteger(stride) || stride < 1 || !Number.isInteger(padding) || padding < 0) {
    throw new ShapeError(
      `${where}: stride ${stride}, padding ${padding} of ${w}; a stride is 1 or more and a padding 0 or more, both whole`,
    );
  }
}

/** Calls `visit` with the offsets in x, w and y of every product of the convolution; padding is left out. */
export function eachProduct(g: Geometry, visit: (x: number, w: number, y: number) => void): void {
  const { B, C, H, W, O, KH, KW, OH, OW, stride, padding } = g;
  for (let b = 0; b < B; b++) {
    for (let o = 0; o < O; o++) {
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow++) {
          const y = ((b * O + o) * OH + oh) * OW + ow;
          for (let c = 0; c < C; c++) {
            for (let i = 0; i < KH; i++) {
              const h = oh * stride - padding + i;
              if (h < 0 || h >= H) continue;
              for (let j = 0; j < KW; j++) {
                const v = ow * stride - padding + j;
                if (v >= 0 && v < W) visit(((b * C + c) * H + h) * W + v, ((o * C + c) * KH + i) * KW + j, y);
              }
            }
          }
        }
      }
    }
  }
}
