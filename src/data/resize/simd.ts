// Resampling in WASM SIMD (../assembly/resample.ts), equal to plain.ts to the bit.

import { memoryOf, type PixelKernels, pixelKernels } from "../assembly/pixels.ts";
import type { Box, Picture } from "../picture.ts";
import { type Coefficients, coefficients, type Filter } from "./coefficients.ts";

/** Rows go in by strips of about this size, so that a large picture does not make the memory (which never shrinks) large. */
const STRIP_BYTES = 1 << 20;

/** More taps than this (a picture a few hundred times too large) could overflow the sum of low halves: 255 * 4095 * 2048 < 2^31. */
const MOST_TAPS = 2048;

/** Two bytes at least 16 apart, see ../assembly/resample.ts for why there are spare ones; a multiple of 16. */
const roomFor = (bytes: number) => (bytes + 31) & ~15;

/** One picture's resampling inside the kernels' memory. It takes the bytes from `at` to `end`; `load` needs a memory of that size. */
export class Resampling {
  readonly end: number;
  readonly #width: number;
  readonly #height: number;
  readonly #input: number;
  readonly #across: Coefficients;
  readonly #down: Coefficients;
  readonly #places: { across: number; down: number; middle: number; out: number };

  /** From `input` to `width` x `height`; null if these sizes need the plain version. */
  static of(input: { width: number; height: number }, width: number, height: number, filter: Filter, at: number): Resampling | null {
    const across = coefficients(input.width, width, filter), down = coefficients(input.height, height, filter);
    return Math.max(across.taps, down.taps) > MOST_TAPS ? null : new Resampling(input, { width, height }, across, down, at);
  }

  private constructor(
    input: { width: number; height: number },
    { width, height }: { width: number; height: number },
    across: Coefficients,
    down: Coefficients,
    at: number,
  ) {
    this.#width = width;
    this.#height = height;
    this.#input = input.width;
    this.#across = across;
    this.#down = down;
    const downAt = at + roomFor(across.bytes.length), middle = downAt + roomFor(down.bytes.length);
    const out = middle + roomFor((input.height + 1) * width * 3);
    this.#places = { across: at, down: downAt, middle, out };
    this.end = out + roomFor(width * height * 3);
  }

  /** Puts the weights into the memory. */
  load(bytes: Uint8Array): void {
    bytes.set(this.#across.bytes, this.#places.across);
    bytes.set(this.#down.bytes, this.#places.down);
  }

  /** Takes `rows` rows that lie at `source` without gaps, as rows `y` and following of the picture. */
  rows(wasm: PixelKernels, source: number, rows: number, y: number): void {
    const { taps, spans } = this.#across, { across, middle } = this.#places;
    wasm.horizontal(source, rows, this.#input, across, across + 4 * spans.length, taps, this.#width, middle + y * this.#width * 3);
  }

  /** After all rows: where the (height, width, 3) bytes of the result lie. */
  finish(wasm: PixelKernels): number {
    const { taps, spans } = this.#down, { down, middle, out } = this.#places;
    wasm.vertical(middle, this.#width * 3, down, down + 4 * spans.length, taps, this.#height, out);
    return out;
  }
}

/** As resizePlain(), or null if this runtime or these sizes need the plain version. */
export function resizeSimd(picture: Picture, box: Box, width: number, height: number, filter: Filter): Picture | null {
  const wasm = pixelKernels(), rowBytes = box.width * 3;
  const strip = Math.min(box.height, Math.max(1, Math.floor(STRIP_BYTES / rowBytes)));
  const resampling = wasm && Resampling.of(box, width, height, filter, roomFor(strip * rowBytes));
  if (!resampling) return null;

  const bytes = new Uint8Array(memoryOf(wasm, resampling.end));
  resampling.load(bytes);
  for (let y = 0; y < box.height; y += strip) {
    const rows = Math.min(strip, box.height - y);
    for (let row = 0; row < rows; row++) {
      const start = ((box.top + y + row) * picture.width + box.left) * 3;
      bytes.set(picture.pixels.subarray(start, start + rowBytes), row * rowBytes);
    }
    resampling.rows(wasm, 0, rows, y);
  }
  const out = resampling.finish(wasm);
  return { width, height, pixels: bytes.slice(out, out + height * width * 3) };
}
