// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// The two halves of cross-entropy, row by row on x (R, C): ln(sum(exp(x))), and exp(x - lse) times a factor of the row. Each row is one thread's.

import { exp4, loadPart, log1, madd, max1, storePart, sum1 } from "./simd";
import { take } from "./team";

/** Written by the host (../log_sum_exp.ts) in this order. */
@unmanaged
export class LogSumExp {
  kernel: i32;
  x: usize;
  weights: usize; // (R); rows of weight 0 are not looked at and give 0; 0: all rows count
  lse: usize; // (R)
  most: usize; // (R): the largest value, NaN passed over
  sum: usize; // (R): the sum of the values
  R: i32;
  C: i32;
}

function row(job: LogSumExp, r: i32): void {
  const C = job.C, whole = C & ~7, at = <usize> r << 2, x = job.x + <usize> r * (<usize> C << 2);
  let lse: f32 = 0, top: f32 = 0, total: f32 = 0;
  if (!job.weights || load<f32>(job.weights + at) != 0) {
    // two of each, for a chain of additions waits for the one before; pmax passes over NaN, which the exponentials keep
    let most = f32x4.splat(-f32.POSITIVE_INFINITY), most2 = most, plain = f32x4.splat(0), plain2 = plain, sum = plain, sum2 = plain;
    let p = x, i = 0;
    for (; i < whole; i += 8, p += 32) {
      const a = v128.load(p), b = v128.load(p, 16);
      most = f32x4.pmax(most, a);
      most2 = f32x4.pmax(most2, b);
      plain = f32x4.add(plain, a);
      plain2 = f32x4.add(plain2, b);
    }
    for (; i < C; i += 4, p += 16) {
      most = f32x4.pmax(most, loadPart(p, C - i, -f32.POSITIVE_INFINITY));
      plain = f32x4.add(plain, loadPart(p, C - i, 0));
    }
    top = max1(f32x4.pmax(most, most2));
    total = sum1(f32x4.add(plain, plain2));
    const m = f32x4.splat(top);
    for (p = x, i = 0; i < whole; i += 8, p += 32) {
      sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(p), m)));
      sum2 = f32x4.add(sum2, exp4(f32x4.sub(v128.load(p, 16), m)));
    }
    for (; i < C; i += 4, p += 16) sum = f32x4.add(sum, exp4(f32x4.sub(loadPart(p, C - i, -f32.POSITIVE_INFINITY), m)));
    lse = top + log1(sum1(f32x4.add(sum, sum2)));
  }
  store<f32>(job.lse + at, lse);
  store<f32>(job.most + at, top);
  store<f32>(job.sum + at, total);
}

export function logSumExp(job: LogSumExp): void {
  const step = max(1, 16384 / job.C), units = (job.R + step - 1) / step;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const end = min(job.R, (unit + 1) * step);
    for (let r = unit * step; r < end; r++) row(job, r);
  }
}

/** Written by the host (../log_sum_exp.ts) in this order. */
@unmanaged
export class ExpRows {
  kernel: i32;
  x: usize;
  lse: usize; // (R); 0: nothing is subtracted
  mass: usize; // (R); 0: 1
  weights: usize; // (R); rows of weight 0 are not looked at and give 0; 0: 1
  y: usize;
  R: i32;
  C: i32;
  scale: f32;
  shift: f32;
}

function expRow(job: ExpRows, r: i32): void {
  const C = job.C, start = <usize> r * (<usize> C << 2), at = <usize> r << 2;
  const weight: f32 = job.weights ? load<f32>(job.weights + at) : 1, mass: f32 = job.mass ? load<f32>(job.mass + at) : 1;
  if (weight == 0) return memory.fill(job.y + start, 0, <usize> C << 2);
  const lse = f32x4.splat(job.lse ? load<f32>(job.lse + at) : 0);
  const factor = f32x4.splat(job.scale * weight * mass), shift = f32x4.splat(job.scale * weight * job.shift);
  let x = job.x + start, y = job.y + start, i = 0;
  for (const whole = C & ~3; i < whole; i += 4, x += 16, y += 16) {
    v128.store(y, madd(exp4(f32x4.sub(v128.load(x), lse)), factor, shift));
  }
  if (i < C) storePart(y, madd(exp4(f32x4.sub(loadPart(x, C - i, 0), lse)), factor, shift), C - i);
}

export function expRows(job: ExpRows): void {
  const step = max(1, 16384 / job.C), units = (job.R + step - 1) / step;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const end = min(job.R, (unit + 1) * step);
    for (let r = unit * step; r < end; r++) expRow(job, r);
  }
}
