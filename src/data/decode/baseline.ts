// The usual JPEG (baseline, interleaved, YCbCr at 4:4:4, 4:2:2 or 4:2:0, or grey) decoded in WASM SIMD, because libjpeg's module, which has
// none, took half of all the time that a picture takes on its way into a batch. The bytes are libjpeg's. Any other JPEG, and one in which
// anything at all is odd, gives null, and libjpeg's module decides: what is accepted and what is an error is said in one place, jpeg.ts.

import { memoryOf, type PixelKernels, pixelKernels } from "../assembly/pixels.ts";
import { type Component, type Frame, readFrame } from "./frame.ts";

/** Larger pictures are left to a module that can be thrown away, because the memory of WASM never shrinks. */
const LARGE_PIXELS = 1 << 24;

/** Of ../assembly/jpeg_scan.ts: a table for Huffman codes; what scan() works in. */
const TABLE_BYTES = 4096 + 2 * 68 + 256, SCAN_BYTES = 640;

/** The position in the block of the nth coefficient in the file. */
const ZIGZAG = zigzag();

/** (H, W, 3), by a function that gives the array to write to; null where libjpeg has to look. */
export function decodeBaseline(bytes: Uint8Array, room: (bytes: number) => Uint8Array): Uint8Array | null {
  const wasm = pixelKernels(), frame = wasm && readFrame(bytes);
  if (!frame || frame.width * frame.height > LARGE_PIXELS) return null;
  const { width, height, components } = frame, [{ h, v }] = components;
  const across = Math.ceil(width / (8 * h)), down = Math.ceil(height / (8 * v));
  const segments = frame.interval ? Math.ceil(across * down / frame.interval) : 1;

  let end = 0;
  const reserve = (size: number) => {
    const start = end;
    end += (size + 47) & ~15; // the kernels read and write up to 32 bytes further
    return start;
  };
  const order = reserve(64), tables = reserve(4 * TABLE_BYTES), spec = reserve(16 + 256), quantisers = reserve(4 * 128);
  const list = reserve(3 * 32), ends = reserve(4 * (segments + 1)), work = reserve(SCAN_BYTES);
  const stuffed = reserve(bytes.length - frame.data), data = reserve(bytes.length - frame.data);
  const planes = components.map((c) => reserve(64 * across * down * c.h * c.v)), grey = reserve(width);
  const rows = reserve(3 * (width + 63)), out = reserve(width * height * 3);
  const memory = new Uint8Array(memoryOf(wasm, end));

  memory.set(ZIGZAG, order);
  memory.set(bytes.subarray(frame.data), stuffed);
  if (wasm.unstuff(stuffed, stuffed + bytes.length - frame.data, data, ends, segments + 1) !== segments) return null;
  if (!putTables(wasm, memory, frame, { tables, spec, quantisers })) return null;
  const stride = (c: Component) => 8 * across * c.h;
  const numbers = components.flatMap((c, i) => [
    ...[c.h, c.v, quantisers + 128 * c.quantiser, tables + TABLE_BYTES * c.dc, tables + TABLE_BYTES * (2 + c.ac)],
    ...[planes[i], stride(c), 0],
  ]);
  new Int32Array(memory.buffer, list, numbers.length).set(numbers);
  if (!wasm.scan(list, components.length, across, down, data, ends, frame.interval, order, work)) return null;

  const [luma, blue = grey, red = grey] = planes;
  memory.fill(128, grey, grey + width + 16);
  const chromaStride = components.length === 1 ? 0 : stride(components[1]);
  wasm.planesToRgb(luma, stride(components[0]), blue, red, chromaStride, h, v, width, height, rows, out);
  const pixels = room(width * height * 3);
  pixels.set(memory.subarray(out, out + width * height * 3));
  return pixels;
}

/** False where a table that is needed is missing or impossible. */
function putTables(
  wasm: PixelKernels,
  memory: Uint8Array,
  { components, quantisers, huffman }: Frame,
  at: { tables: number; spec: number; quantisers: number },
): boolean {
  for (const [i, quantiser] of quantisers.entries()) {
    const natural = new Uint16Array(memory.buffer, at.quantisers + 128 * i, 64);
    for (let k = 0; quantiser && k < 64; k++) natural[ZIGZAG[k]] = quantiser[k];
  }
  for (const [i, table] of huffman.entries()) {
    if (!table) continue;
    memory.set(table, at.spec);
    if (!wasm.huffmanTable(at.spec, at.tables + TABLE_BYTES * i, Number(i >= 2))) return false;
  }
  return components.every((c) => quantisers[c.quantiser] && huffman[c.dc] && huffman[2 + c.ac]);
}

function zigzag(): Uint8Array {
  const order = Array.from({ length: 64 }, (_, i) => i), diagonal = (i: number) => (i >> 3) + (i & 7);
  // Odd diagonals run down, even ones up.
  return Uint8Array.from(order.sort((a, b) => diagonal(a) - diagonal(b) || (diagonal(a) % 2 ? a - b : b - a)));
}
