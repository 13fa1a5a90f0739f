// Resampling in WASM SIMD (../assembly/resample.ts), equal to plain.ts to the bit.

import { memoryOf, pixelKernels } from "../assembly/pixels.ts";
import type { Box, Picture } from "../picture.ts";
import { type Coefficients, coefficients, type Filter } from "./coefficients.ts";

/** Rows go in by strips of about this size, so that a large picture does not make the memory (which never shrinks) large. */
const STRIP_BYTES = 1 << 20;

/** More taps than this (a picture a few hundred times too large) could overflow the sum of low halves: 255 * 4095 * 2048 < 2^31. */
const MOST_TAPS = 2048;

/** As resizePlain(), or null if this runtime or these sizes need the plain version. */
export function resizeSimd(picture: Picture, box: Box, width: number, height: number, filter: Filter): Picture | null {
  const wasm = pixelKernels();
  const across = coefficients(box.width, width, filter), down = coefficients(box.height, height, filter);
  if (!wasm || Math.max(across.taps, down.taps) > MOST_TAPS) return null;

  const rowBytes = box.width * 3, stride = width * 3;
  const strip = Math.min(box.height, Math.max(1, Math.floor(STRIP_BYTES / rowBytes)));
  let end = 0;
  const reserve = (bytes: number) => {
    const start = end;
    end += (bytes + 31) & ~15; // at least 16 spare bytes after each, see ../assembly/resample.ts
    return start;
  };
  const acrossAt = reserve(bytesOf(across)), downAt = reserve(bytesOf(down));
  const source = reserve(strip * rowBytes), middle = reserve((box.height + 1) * stride), out = reserve(height * stride);
  const memory = memoryOf(wasm, end), bytes = new Uint8Array(memory);

  const acrossWeights = write(memory, acrossAt, across), downWeights = write(memory, downAt, down);
  for (let y = 0; y < box.height; y += strip) {
    const rows = Math.min(strip, box.height - y);
    for (let row = 0; row < rows; row++) {
      const start = ((box.top + y + row) * picture.width + box.left) * 3;
      bytes.set(picture.pixels.subarray(start, start + rowBytes), source + row * rowBytes);
    }
    wasm.horizontal(source, rows, box.width, acrossAt, acrossWeights, across.taps, width, middle + y * stride);
  }
  wasm.vertical(middle, stride, downAt, downWeights, down.taps, height, out);
  return { width, height, pixels: bytes.slice(out, out + height * stride) };
}

const bytesOf = ({ spans, weights }: Coefficients) => 4 * spans.length + 4 * weights.length;

/** Puts (out, 2) spans, then the high and the low 16-bit parts of (out, taps) weights at `at`; returns where the weights begin. */
function write(memory: ArrayBuffer, at: number, { spans, weights }: Coefficients): number {
  new Int32Array(memory, at, spans.length).set(spans);
  const n = weights.length, parts = new Int16Array(memory, at + 4 * spans.length, 2 * n);
  for (let i = 0; i < n; i++) {
    parts[i] = weights[i] >> 12;
    parts[n + i] = weights[i] & 4095;
  }
  return at + 4 * spans.length;
}
