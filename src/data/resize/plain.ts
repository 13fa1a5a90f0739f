// Separable resampling in plain TypeScript: what resize() falls back to where there is no WASM SIMD, and what the WASM
// version is tested against.

import type { Box, Picture } from "../picture.ts";
import { type Coefficients, coefficients, type Filter, PRECISION_BITS } from "./coefficients.ts";

const HALF = 1 << (PRECISION_BITS - 1);

/** The part `box` of `picture`, resampled to width x height: horizontal pass, then vertical, each rounded and clipped. */
export function resizePlain(picture: Picture, box: Box, width: number, height: number, filter: Filter): Picture {
  const across = coefficients(box.width, width, filter), down = coefficients(box.height, height, filter);
  const middle = horizontal(picture, box, width, across);
  return { width, height, pixels: vertical(middle, width * 3, height, down) };
}

/** (out, taps) */
function wholeWeights({ high, low }: Coefficients): Int32Array {
  const weights = new Int32Array(high.length);
  for (let i = 0; i < weights.length; i++) weights[i] = high[i] * 4096 + low[i];
  return weights;
}

/** → (box.height, width, 3) */
function horizontal({ pixels, width: W }: Picture, box: Box, width: number, across: Coefficients): Uint8Array {
  const { taps, spans } = across, weights = wholeWeights(across);
  const out = new Uint8ClampedArray(box.height * width * 3);
  let o = 0;
  for (let y = 0; y < box.height; y++) {
    const row = ((box.top + y) * W + box.left) * 3;
    for (let x = 0; x < width; x++) {
      const first = spans[2 * x], count = spans[2 * x + 1];
      let r = HALF, g = HALF, b = HALF, p = row + first * 3;
      for (let t = x * taps; t < x * taps + count; t++, p += 3) {
        const w = weights[t];
        r += pixels[p] * w;
        g += pixels[p + 1] * w;
        b += pixels[p + 2] * w;
      }
      out[o++] = r >> PRECISION_BITS;
      out[o++] = g >> PRECISION_BITS;
      out[o++] = b >> PRECISION_BITS;
    }
  }
  return new Uint8Array(out.buffer);
}

/** (rows, stride) → (height, stride) */
function vertical(pixels: Uint8Array, stride: number, height: number, down: Coefficients): Uint8Array {
  const { taps, spans } = down, weights = wholeWeights(down);
  const out = new Uint8ClampedArray(height * stride), sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    const first = spans[2 * y], count = spans[2 * y + 1];
    for (let t = 0; t < count; t++) {
      const w = weights[y * taps + t], row = (first + t) * stride;
      if (w !== 0) { for (let i = 0; i < stride; i++) sums[i] += pixels[row + i] * w; }
    }
    for (let i = 0; i < stride; i++) out[y * stride + i] = sums[i] >> PRECISION_BITS;
  }
  return new Uint8Array(out.buffer);
}
