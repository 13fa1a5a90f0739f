// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// Kernels that work row by row on x (R, C): softmax, layer normalisation and its dx. Each row is one thread's.

import { exp4, loadPart, max1, storePart, sum1 } from "./simd";
import { take } from "./team";

/** Rows per unit for rows of C floats: some tens of microseconds of work. */
function rowsPerUnit(C: i32): i32 {
  return max(1, 16384 / C);
}

/** Written by the host (../rows.ts) in this order. */
@unmanaged
export class Softmax {
  kernel: i32;
  x: usize;
  y: usize;
  R: i32;
  C: i32;
}

function softmaxRow(x: usize, y: usize, C: i32): void {
  let most = f32x4.splat(-f32.POSITIVE_INFINITY);
  for (let i = 0; i < C; i += 4) most = f32x4.pmax(most, loadPart(x + (<usize> i << 2), C - i, -f32.POSITIVE_INFINITY));
  const top = max1(most), m = f32x4.splat(top == -f32.POSITIVE_INFINITY ? 0 : top);
  let sum = f32x4.splat(0);
  for (let i = 0; i < C; i += 4) {
    const at = <usize> i << 2, e = exp4(f32x4.sub(loadPart(x + at, C - i, -f32.POSITIVE_INFINITY), m));
    sum = f32x4.add(sum, e);
    storePart(y + at, e, C - i);
  }
  const factor = f32x4.splat(1 / sum1(sum));
  for (let i = 0; i < C; i += 4) {
    const at = <usize> i << 2;
    storePart(y + at, f32x4.mul(loadPart(y + at, C - i, 0), factor), C - i);
  }
}

export function softmax(job: Softmax): void {
  const step = rowsPerUnit(job.C), units = (job.R + step - 1) / step, row = <usize> job.C << 2;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const end = min(job.R, (unit + 1) * step);
    for (let r = unit * step; r < end; r++) softmaxRow(job.x + <usize> r * row, job.y + <usize> r * row, job.C);
  }
}

/** Written by the host (../rows.ts) in this order; dy is 0 for the forward kernel, y and beta for the backward one. */
@unmanaged
export class LayerNorm {
  kernel: i32;
  x: usize;
  gamma: usize;
  beta: usize;
  y: usize;
  mean: usize;
  rstd: usize;
  dy: usize;
  dx: usize;
  R: i32;
  C: i32;
  eps: f32;
}

/** Two passes: the one-pass form loses digits when |mean| is much larger than the deviation. */
function normRow(job: LayerNorm, r: i32): void {
  const C = job.C, row = <usize> r * C << 2, x = job.x + row, y = job.y + row;
  let sum = f32x4.splat(0);
  for (let i = 0; i < C; i += 4) sum = f32x4.add(sum, loadPart(x + (<usize> i << 2), C - i, 0));
  const mean = sum1(sum) / <f32> C, m = f32x4.splat(mean);
  let squares = f32x4.splat(0);
  for (let i = 0; i < C; i += 4) {
    const d = f32x4.sub(loadPart(x + (<usize> i << 2), C - i, mean), m);
    squares = f32x4.add(squares, f32x4.mul(d, d));
  }
  const rstd: f32 = 1 / sqrt<f32>(sum1(squares) / <f32> C + job.eps), s = f32x4.splat(rstd);
  for (let i = 0; i < C; i += 4) {
    const at = <usize> i << 2, n = C - i;
    const normal = f32x4.mul(f32x4.sub(loadPart(x + at, n, 0), m), s);
    storePart(y + at, f32x4.add(f32x4.mul(normal, loadPart(job.gamma + at, n, 0)), loadPart(job.beta + at, n, 0)), n);
  }
  if (job.mean) store<f32>(job.mean + (<usize> r << 2), mean);
  if (job.rstd) store<f32>(job.rstd + (<usize> r << 2), rstd);
}

/** With n = (x - mean) * rstd and g = gamma * dy: dx = rstd * (g - mean(g) - n * mean(g * n)). */
function normRowBackward(job: LayerNorm, r: i32): void {
  const C = job.C, row = <usize> r * C << 2, x = job.x + row, dy = job.dy + row, dx = job.dx + row;
  const mean = load<f32>(job.mean + (<usize> r << 2)), rstd = load<f32>(job.rstd + (<usize> r << 2));
  const m = f32x4.splat(mean), s = f32x4.splat(rstd);
  let sumG = f32x4.splat(0), sumGN = f32x4.splat(0);
  for (let i = 0; i < C; i += 4) {
    const at = <usize> i << 2, n = C - i;
    const g = f32x4.mul(loadPart(job.gamma + at, n, 0), loadPart(dy + at, n, 0));
    const normal = f32x4.mul(f32x4.sub(loadPart(x + at, n, mean), m), s);
    sumG = f32x4.add(sumG, g);
    sumGN = f32x4.add(sumGN, f32x4.mul(g, normal));
  }
  const meanG = f32x4.splat(sum1(sumG) / <f32> C), meanGN = f32x4.splat(sum1(sumGN) / <f32> C);
  for (let i = 0; i < C; i += 4) {
    const at = <usize> i << 2, n = C - i;
    const g = f32x4.mul(loadPart(job.gamma + at, n, 0), loadPart(dy + at, n, 0));
    const normal = f32x4.mul(f32x4.sub(loadPart(x + at, n, mean), m), s);
    storePart(dx + at, f32x4.mul(s, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(normal, meanGN))), n);
  }
}

export function layerNorm(job: LayerNorm): void {
  const step = rowsPerUnit(job.C), units = (job.R + step - 1) / step;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const end = min(job.R, (unit + 1) * step);
    for (let r = unit * step; r < end; r++) {
      if (job.dy) normRowBackward(job, r);
      else normRow(job, r);
    }
  }
}
