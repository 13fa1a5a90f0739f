// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// y (R, C) from a (R, C) and b (R, C), or from one row b (C) for all; and the update of AdamW.

import { gelu4, geluSlope4, loadPart, madd, relu4, storePart } from "./simd";
import { take } from "./team";

/** Written by the host (../elementwise.ts) in this order. */
@unmanaged
export class Elementwise {
  kernel: i32;
  operation: i32; // the numbers of `apply`
  a: usize;
  b: usize;
  y: usize;
  R: i32;
  C: i32;
  broadcast: i32; // 1: b is one row
  alpha: f32;
  beta: f32;
}

const UNIT = 8192;

function apply(operation: i32, a: v128, b: v128, alpha: v128, beta: v128): v128 {
  switch (operation) {
    case 0:
      return f32x4.add(f32x4.mul(alpha, a), f32x4.mul(beta, b));
    case 1:
      return f32x4.mul(f32x4.mul(alpha, a), b);
    case 2:
      return gelu4(a);
    case 3:
      return f32x4.mul(geluSlope4(a), b);
    case 4:
      return relu4(a);
    default: {
      // the slope at 0 is 0; NaN in a stays NaN
      const slope = v128.bitselect(f32x4.splat(0), b, f32x4.le(a, f32x4.splat(0)));
      return v128.bitselect(slope, a, f32x4.eq(a, a));
    }
  }
}

function applyRow(job: Elementwise, a: usize, b: usize, y: usize, length: i32): void {
  const operation = job.operation, alpha = f32x4.splat(job.alpha), beta = f32x4.splat(job.beta), zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const at = <usize> i << 2;
    v128.store(y + at, apply(operation, v128.load(a + at), b ? v128.load(b + at) : zero, alpha, beta));
  }
  if (i < length) {
    const at = <usize> i << 2, n = length - i;
    storePart(y + at, apply(operation, loadPart(a + at, n, 0), b ? loadPart(b + at, n, 0) : zero, alpha, beta), n);
  }
}

export function elementwise(job: Elementwise): void {
  const C = job.C;
  if (job.broadcast) {
    const step = max(1, UNIT / C), units = (job.R + step - 1) / step, row = <usize> C << 2;
    for (let unit = take(0); unit < units; unit = take(0)) {
      const end = min(job.R, (unit + 1) * step);
      for (let r = unit * step; r < end; r++) applyRow(job, job.a + <usize> r * row, job.b, job.y + <usize> r * row, C);
    }
    return;
  }
  const length = job.R * C, units = (length + UNIT - 1) / UNIT;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const at = <usize> unit * UNIT << 2;
    applyRow(job, job.a + at, job.b ? job.b + at : 0, job.y + at, min(UNIT, length - unit * UNIT));
  }
}

/** Written by the host (../adamw.ts) in this order. */
@unmanaged
export class AdamW {
  kernel: i32;
  p: usize;
  m: usize;
  v: usize;
  g: usize;
  table: usize; // (length / 64, 2): factors of learning rate and decay of each block of 64 values
  length: i32; // a multiple of 64
  lr: f32;
  beta1: f32;
  beta2: f32;
  eps: f32;
  correction1: f32; // 1 - beta1^t
  rootCorrection2: f32; // sqrt(1 - beta2^t)
  gradientScale: f32;
  rest1: f32; // 1 - beta1, rounded once
  rest2: f32;
  decay: f32;
}

export function adamw(job: AdamW): void {
  const units = (job.length + UNIT - 1) / UNIT;
  const beta1 = f32x4.splat(job.beta1), beta2 = f32x4.splat(job.beta2), eps = f32x4.splat(job.eps), scale = f32x4.splat(job.gradientScale);
  const rest1 = f32x4.splat(job.rest1), rest2 = f32x4.splat(job.rest2), root = f32x4.splat(1 / job.rootCorrection2);
  for (let unit = take(0); unit < units; unit = take(0)) {
    const end = min(job.length, (unit + 1) * UNIT);
    for (let block = unit * UNIT; block < end; block += 64) {
      const entry = job.table + (<usize> block >> 3);
      const lr = job.lr * load<f32>(entry),
        keep = f32x4.splat(1 - lr * job.decay * load<f32>(entry, 4)),
        step = f32x4.splat(lr / job.correction1);
      for (let i = block; i < block + 64; i += 4) {
        const at = <usize> i << 2, g = f32x4.mul(v128.load(job.g + at), scale);
        const m = madd(beta1, v128.load(job.m + at), f32x4.mul(rest1, g));
        const v = madd(beta2, v128.load(job.v + at), f32x4.mul(rest2, f32x4.mul(g, g)));
        v128.store(job.m + at, m);
        v128.store(job.v + at, v);
        const p = f32x4.mul(v128.load(job.p + at), keep);
        const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), root), eps);
        v128.store(job.p + at, f32x4.sub(p, f32x4.div(f32x4.mul(step, m), denominator)));
      }
    }
  }
}
