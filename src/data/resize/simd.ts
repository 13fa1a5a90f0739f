// Resampling in WASM SIMD (../assembly/resample.ts), equal to plain.ts to the bit.

import { resampleWasm } from "../assembly/resample_wasm.ts";
import type { Box, Picture } from "../picture.ts";
import { type Coefficients, coefficients, type Filter } from "./coefficients.ts";

interface Resample {
  memory: WebAssembly.Memory;
  horizontal(src: number, rows: number, input: number, first: number, weights: number, taps: number, output: number, dst: number): void;
  vertical(src: number, stride: number, input: number, first: number, weights: number, taps: number, output: number, dst: number): void;
}

let instance: Resample | null | undefined;

/** The module, made on first use; null where WASM SIMD does not exist. */
function resample(): Resample | null {
  if (instance === undefined) {
    try {
      const bytes = Uint8Array.from(atob(resampleWasm), (char) => char.charCodeAt(0));
      instance = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Resample;
    } catch {
      instance = null;
    }
  }
  return instance;
}

/** Rows go in by strips of about this size, so that a large picture does not make the memory (which never shrinks) large. */
const STRIP_BYTES = 1 << 20;

/** More taps than this (a picture a few hundred times too large) could overflow the sum of low halves: 255 * 4095 * 2048 < 2^31. */
const MOST_TAPS = 2048;

/** As resizePlain(), or null if this runtime or these sizes need the plain version. */
export function resizeSimd(picture: Picture, box: Box, width: number, height: number, filter: Filter): Picture | null {
  const wasm = resample();
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
  const missing = end - wasm.memory.buffer.byteLength;
  if (missing > 0) wasm.memory.grow(Math.ceil(missing / 65536));
  const memory = wasm.memory.buffer, bytes = new Uint8Array(memory);

  const acrossWeights = write(memory, acrossAt, across), downWeights = write(memory, downAt, down);
  for (let y = 0; y < box.height; y += strip) {
    const rows = Math.min(strip, box.height - y);
    for (let row = 0; row < rows; row++) {
      const start = ((box.top + y + row) * picture.width + box.left) * 3;
      bytes.set(picture.pixels.subarray(start, start + rowBytes), source + row * rowBytes);
    }
    wasm.horizontal(source, rows, box.width, acrossAt, acrossWeights, across.taps, width, middle + y * stride);
  }
  wasm.vertical(middle, stride, box.height, downAt, downWeights, down.taps, height, out);
  return { width, height, pixels: bytes.slice(out, out + height * stride) };
}

const bytesOf = ({ first, weights }: Coefficients) => 4 * first.length + 4 * weights.length;

/** Puts (out) first positions, then the high and the low 16-bit parts of (out, taps) weights at `at`; returns where the weights begin. */
function write(memory: ArrayBuffer, at: number, { first, weights }: Coefficients): number {
  new Int32Array(memory, at, first.length).set(first);
  const n = weights.length, parts = new Int16Array(memory, at + 4 * first.length, 2 * n);
  for (let i = 0; i < n; i++) {
    parts[i] = weights[i] >> 12;
    parts[n + i] = weights[i] & 4095;
  }
  return at + 4 * first.length;
}
