// Label maps are kept as PNG files whose stored numbers are the classes: grey values, or places in a palette whose colours are for people. A
// picture decoder turns both into colours, so the numbers are read here.

import { inflateSync } from "node:zlib";
import type { LabelMap } from "../label_map.ts";
import type { Refuse } from "./header.ts";
import { pngHeader } from "./png_header.ts";

/** Bits a stored number by PNG colour type: grey and palette. */
const depths: Record<number, readonly number[]> = { 0: [1, 2, 4, 8, 16], 3: [1, 2, 4, 8] };
const colourTypes: Record<number, string> = { 2: "colours", 4: "grey with alpha", 6: "colours with alpha" };

/** The numbers of a grey or palette PNG. `refuse` gets what is wrong with the file. */
export function decodeLabelPng(bytes: Uint8Array, maxPixels: number, refuse: Refuse): LabelMap {
  if (![137, 80, 78, 71, 13, 10, 26, 10].every((byte, i) => bytes[i] === byte)) refuse("the label map is no PNG; give one");
  const { width, height } = pngHeader(bytes, refuse), [depth, colour, , , interlaced] = bytes.subarray(24, 29);
  if (width * height > maxPixels || width * height === 0) {
    refuse(`the label map has ${width} x ${height} pixels, from 1 to ${maxPixels} are allowed; replace the file`);
  }
  if (!depths[colour]?.includes(depth)) {
    refuse(`the label map holds ${colourTypes[colour] ?? `colour type ${colour}`} of ${depth} bits; give class numbers as grey or palette`);
  }
  if (interlaced) refuse("the label map is interlaced, which is not supported; save it without");
  const stride = Math.ceil(width * depth / 8), length = height * (stride + 1);
  let rows: Uint8Array;
  try {
    rows = inflateSync(joined(bytes), { maxOutputLength: length });
  } catch {
    return refuse("the label map cannot be decoded, its data is damaged; replace the file");
  }
  if (rows.length !== length) refuse(`the label map holds ${rows.length} bytes of ${length}; replace the file`);
  unfilter(rows, height, stride, Math.max(1, depth >> 3), refuse);
  const labels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = rows.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)), out = y * width;
    for (let x = 0; x < width; x++) {
      if (depth === 16 && row[2 * x]) refuse(`the label map has number ${row[2 * x] << 8 | row[2 * x + 1]}; at most 255 can be read`);
      labels[out + x] = depth === 16 ? row[2 * x + 1] : depth === 8 ? row[x] : packed(row, x, depth);
    }
  }
  return { width, height, labels };
}

/** Number `x` of a row with several in a byte, the first in the highest bits. */
function packed(row: Uint8Array, x: number, depth: number): number {
  const bit = x * depth;
  return row[bit >> 3] >> (8 - depth - (bit & 7)) & ((1 << depth) - 1);
}

/** The bodies of all IDAT chunks, one after the other; `pngHeader()` has walked them before. */
function joined(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), parts: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const size = view.getUint32(at), type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + size));
    if (type === "IEND") break;
    at += 12 + size;
  }
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** Undoes the filter of each row in place: PNG, section 9. `step` is the bytes from a number to the one left of it. */
function unfilter(rows: Uint8Array, height: number, stride: number, step: number, refuse: Refuse): void {
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1), kind = rows[start];
    if (kind > 4) refuse(`the label map's row ${y} has filter ${kind}, there are 0 to 4; replace the file`);
    for (let i = 0; i < stride; i++) {
      const at = start + 1 + i;
      const left = i < step ? 0 : rows[at - step], up = y ? rows[at - stride - 1] : 0;
      const corner = y && i >= step ? rows[at - stride - 1 - step] : 0;
      rows[at] += [0, left, up, (left + up) >> 1, kind === 4 ? paeth(left, up, corner) : 0][kind];
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner, a = Math.abs(guess - left), b = Math.abs(guess - up), c = Math.abs(guess - corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
