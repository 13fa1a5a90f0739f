// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// The matrix (C * KH * KW, OH * OW) of a picture (C, H, W): row (c, ky, kx), column (oy, ox) is x[c, oy * stride - padding + ky, ox * stride -
// padding + kx], 0 outside. It is never stored: packed straight into panels of B. col2im adds such a matrix back into a picture.

import { panelOfRows } from "./pack";
import { JOB, take } from "./team";
import { NR } from "./tile";

/** The geometry of a convolution; the host writes it behind the job, at the same place for every kernel. */
@unmanaged
export class Geometry {
  channels: i32;
  height: i32;
  width: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  stride: i32;
  padding: i32;
  outHeight: i32;
  outWidth: i32;
}

const GEOMETRY: usize = JOB + 512;

function copyFloats(dst: usize, src: usize, length: i32): void {
  let i = 0;
  for (; i + 4 <= length; i += 4) v128.store(dst + (<usize> i << 2), v128.load(src + (<usize> i << 2)));
  for (; i < length; i++) store<f32>(dst + (<usize> i << 2), load<f32>(src + (<usize> i << 2)));
}

/** `length` values of a row of W, from column `from` on, `stride` columns apart; 0 outside, so W = 0 gives zeros. */
function rowPart(dst: usize, row: usize, from: i32, stride: i32, length: i32, W: i32): void {
  if (stride == 1) {
    if (from >= 0 && from + length <= W) {
      copyFloats(dst, row + (<usize> from << 2), length);
      return;
    }
    const start = min(length, max(0, -from)), end = max(start, min(length, W - from));
    memory.fill(dst, 0, <usize> start << 2);
    copyFloats(dst + (<usize> start << 2), row + (<usize> (from + start) << 2), end - start);
    memory.fill(dst + (<usize> end << 2), 0, <usize> (length - end) << 2);
    return;
  }
  for (let j = 0; j < length; j++, from += stride) {
    store<f32>(dst + (<usize> j << 2), <u32> from < <u32> W ? load<f32>(row + (<usize> from << 2)) : 0);
  }
}

/** Columns n.. of the matrix as a panel (K, NR). */
export function imagePanel(x: usize, n: i32, valid: i32, dst: usize): void {
  const g = changetype<Geometry>(GEOMETRY), W = g.width, H = g.height, s = g.stride;
  const taps = g.kernelHeight * g.kernelWidth, plane = (<usize> H * W) << 2;
  if (valid < NR) memory.fill(dst, 0, (<usize> g.channels * taps * NR) << 2);
  for (let j = 0; j < valid;) {
    const oy = (n + j) / g.outWidth, ox = (n + j) % g.outWidth, length = min(valid - j, g.outWidth - ox);
    const top = oy * s - g.padding, left = ox * s - g.padding;
    const whole = s == 1 && length == NR;
    let to = dst + (<usize> j << 2);
    for (let c = 0; c < g.channels; c++) {
      for (let y = top; y < top + g.kernelHeight; y++) {
        const row = x + <usize> c * plane + ((<usize> (y * W)) << 2), inside = <u32> y < <u32> H ? W : 0;
        for (let from = left; from < left + g.kernelWidth; from++) {
          if (whole && from >= 0 && from + NR <= inside) {
            const src = row + (<usize> from << 2);
            for (let i = 0; i < NR; i += 4) v128.store(to + (<usize> i << 2), v128.load(src + (<usize> i << 2)));
          } else rowPart(to, row, from, s, length, inside);
          to += NR << 2;
        }
      }
    }
    j += length;
  }
}

/** Rows n.. of the matrix as a panel (OH * OW, NR): its transpose as B. A row of the picture at a time, by way of `rows` (NR, OW). */
export function imagePanelTransposed(x: usize, n: i32, valid: i32, dst: usize, rows: usize): void {
  const g = changetype<Geometry>(GEOMETRY), W = g.width, H = g.height, taps = g.kernelHeight * g.kernelWidth;
  const length = <usize> g.outWidth << 2;
  for (let oy = 0; oy < g.outHeight; oy++) {
    for (let j = 0; j < valid; j++) {
      const c = (n + j) / taps, tap = (n + j) % taps;
      const y = oy * g.stride - g.padding + tap / g.kernelWidth, row = x + ((<usize> (c * H + y) * W) << 2);
      rowPart(rows + <usize> j * length, row, tap % g.kernelWidth - g.padding, g.stride, g.outWidth, <u32> y < <u32> H ? W : 0);
    }
    panelOfRows(rows, length, g.outWidth, dst, NR, valid);
    dst += length * NR;
  }
}

/** Written by the host (../convolution.ts) in this order. */
@unmanaged
export class Col2im {
  kernel: i32;
  columns: usize; // (images, C * KH * KW, OH * OW)
  x: usize; // (images, C, H, W)
  bias: usize; // (C), where each plane starts from; or 0
  images: i32;
}

function addPlane(g: Geometry, columns: usize, x: usize): void {
  const s = g.stride, W = g.width;
  for (let ky = 0; ky < g.kernelHeight; ky++) {
    for (let kx = 0; kx < g.kernelWidth; kx++) {
      const left = kx - g.padding;
      for (let oy = 0; oy < g.outHeight; oy++) {
        const y = oy * s - g.padding + ky;
        const from = columns;
        columns += <usize> g.outWidth << 2;
        if (<u32> y >= <u32> g.height) continue;
        let ox = 0, end = g.outWidth;
        while (ox < end && ox * s + left < 0) ox++;
        while (end > ox && (end - 1) * s + left >= W) end--;
        const row = x + ((<usize> (y * W)) << 2);
        if (s == 1) {
          for (; ox + 4 <= end; ox += 4) {
            const p = row + ((<usize> (ox + left)) << 2);
            v128.store(p, f32x4.add(v128.load(p), v128.load(from + (<usize> ox << 2))));
          }
        }
        for (; ox < end; ox++) {
          const p = row + ((<usize> (ox * s + left)) << 2);
          store<f32>(p, load<f32>(p) + load<f32>(from + (<usize> ox << 2)));
        }
      }
    }
  }
}

export function col2im(job: Col2im): void {
  const g = changetype<Geometry>(GEOMETRY), plane = g.height * g.width, units = job.images * g.channels;
  const columns = (<usize> (g.kernelHeight * g.kernelWidth) * g.outHeight * g.outWidth) << 2;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const x = job.x + ((<usize> unit * plane) << 2);
    const start: f32 = job.bias ? load<f32>(job.bias + (<usize> (unit % g.channels) << 2)) : 0;
    for (let i = 0; i < plane; i++) store<f32>(x + (<usize> i << 2), start);
    addPlane(g, job.columns + <usize> unit * columns, x);
  }
}
