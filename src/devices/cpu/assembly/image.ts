// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// The matrix (C * KH * KW, OH * OW) of a picture (C, H, W): row (c, ky, kx), column (oy, ox) is x[c, oy * stride - padding + ky, ox * stride -
// padding + kx], 0 outside. It is never stored: packed straight into panels of B. col2im adds such a matrix back into a picture.

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

/** Columns n.. of the matrix as a panel (K, NR). */
export function imagePanel(x: usize, n: i32, valid: i32, dst: usize): void {
  const g = changetype<Geometry>(GEOMETRY), W = g.width, H = g.height;
  const taps = g.kernelHeight * g.kernelWidth, plane = (<usize> H * W) << 2;
  const oy = n / g.outWidth, ox = n % g.outWidth;
  const oneRow = g.stride == 1 && valid == NR && ox + NR <= g.outWidth;
  if (oneRow) {
    const top = oy - g.padding, left = ox - g.padding;
    for (let c = 0; c < g.channels; c++) {
      for (let ky = 0; ky < g.kernelHeight; ky++) {
        const y = top + ky, row = x + <usize> c * plane + ((<usize> (y * W)) << 2);
        for (let kx = 0; kx < g.kernelWidth; kx++) {
          const from = left + kx;
          if (<u32> y >= <u32> H) {
            for (let j = 0; j < NR; j += 4) v128.store(dst + (<usize> j << 2), f32x4.splat(0));
          } else if (from >= 0 && from + NR <= W) {
            for (let j = 0; j < NR; j += 4) v128.store(dst + (<usize> j << 2), v128.load(row + ((<usize> (from + j)) << 2)));
          } else {
            for (let j = 0; j < NR; j++) {
              const at = from + j;
              store<f32>(dst + (<usize> j << 2), <u32> at < <u32> W ? load<f32>(row + (<usize> at << 2)) : 0);
            }
          }
          dst += NR << 2;
        }
      }
    }
    return;
  }
  for (let j = 0; j < NR; j++) {
    let to = dst + (<usize> j << 2);
    if (j >= valid) {
      for (let i = 0; i < g.channels * taps; i++) {
        store<f32>(to, 0);
        to += NR << 2;
      }
      continue;
    }
    const top = (n + j) / g.outWidth * g.stride - g.padding, left = (n + j) % g.outWidth * g.stride - g.padding;
    for (let c = 0; c < g.channels; c++) {
      for (let ky = 0; ky < g.kernelHeight; ky++) {
        const y = top + ky, row = x + <usize> c * plane + ((<usize> (y * W)) << 2);
        for (let kx = 0; kx < g.kernelWidth; kx++) {
          const at = left + kx;
          store<f32>(to, <u32> y < <u32> H && <u32> at < <u32> W ? load<f32>(row + (<usize> at << 2)) : 0);
          to += NR << 2;
        }
      }
    }
  }
}

/** Rows n.. of the matrix as a panel (OH * OW, NR): its transpose as B. */
export function imagePanelTransposed(x: usize, n: i32, valid: i32, dst: usize): void {
  const g = changetype<Geometry>(GEOMETRY), W = g.width, H = g.height, taps = g.kernelHeight * g.kernelWidth;
  for (let j = 0; j < NR; j++) {
    let to = dst + (<usize> j << 2);
    if (j >= valid) {
      for (let i = 0; i < g.outHeight * g.outWidth; i++) {
        store<f32>(to, 0);
        to += NR << 2;
      }
      continue;
    }
    const c = (n + j) / taps, tap = (n + j) % taps;
    const top = tap / g.kernelWidth - g.padding, left = tap % g.kernelWidth - g.padding;
    for (let oy = 0; oy < g.outHeight; oy++) {
      const y = oy * g.stride + top, inside = <u32> y < <u32> H;
      const row = x + ((<usize> (c * H + y) * W) << 2);
      for (let ox = 0; ox < g.outWidth; ox++) {
        const at = ox * g.stride + left;
        store<f32>(to, inside && <u32> at < <u32> W ? load<f32>(row + (<usize> at << 2)) : 0);
        to += NR << 2;
      }
    }
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
