// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// Sums over rows and over everything. The partial sums are the same for any number of threads: blocks of a fixed size, added in order.

import { loadPart, storePart } from "./simd";
import { arrive, finish, take } from "./team";

/** y (C) = or += sum over rows of x (R, C), times by (R, C) where given, or times its normal form (by - mean) * rstd. By ../sums.ts. */
@unmanaged
export class ColumnSum {
  kernel: i32;
  x: usize;
  by: usize;
  mean: usize; // (R) or 0
  rstd: usize; // (R) or 0
  y: usize;
  R: i32;
  C: i32;
  accumulate: i32;
  blockRows: i32;
  partial: usize; // (blocks, C)
}

const STRIP = 256; // columns of the second phase that one thread adds

function addRows(job: ColumnSum, first: i32, end: i32, sums: usize): void {
  const C = job.C;
  memory.fill(sums, 0, <usize> C << 2);
  for (let r = first; r < end; r++) {
    const row = <usize> r * C << 2;
    const m = f32x4.splat(job.mean ? load<f32>(job.mean + (<usize> r << 2)) : 0);
    const s = f32x4.splat(job.rstd ? load<f32>(job.rstd + (<usize> r << 2)) : 1);
    for (let i = 0; i < C; i += 4) {
      const at = <usize> i << 2, n = C - i;
      let v = loadPart(job.x + row + at, n, 0);
      if (job.by) v = f32x4.mul(v, f32x4.mul(f32x4.sub(loadPart(job.by + row + at, n, 0), m), s));
      storePart(sums + at, f32x4.add(loadPart(sums + at, n, 0), v), n);
    }
  }
}

export function columnSum(job: ColumnSum, thread: i32): void {
  const blocks = (job.R + job.blockRows - 1) / job.blockRows, C = job.C, row = <usize> C << 2;
  for (let unit = take(0); unit < blocks; unit = take(0)) {
    addRows(job, unit * job.blockRows, min(job.R, (unit + 1) * job.blockRows), job.partial + <usize> unit * row);
    finish(0, blocks);
  }
  arrive(0, blocks, thread);
  const strips = (C + STRIP - 1) / STRIP;
  for (let unit = take(1); unit < strips; unit = take(1)) {
    const end = min(C, (unit + 1) * STRIP);
    for (let i = unit * STRIP; i < end; i += 4) {
      const at = <usize> i << 2, n = C - i;
      let sum = job.accumulate ? loadPart(job.y + at, n, 0) : f32x4.splat(0);
      for (let b = 0; b < blocks; b++) sum = f32x4.add(sum, loadPart(job.partial + <usize> b * row + at, n, 0));
      storePart(job.y + at, sum, n);
    }
  }
}

/** partial[unit] = the sum of the squares of `block` values from unit * block on, in double precision. By ../sums.ts. */
@unmanaged
export class SquareSum {
  kernel: i32;
  x: usize;
  length: i32;
  block: i32;
  partial: usize; // f64
}

export function squareSum(job: SquareSum): void {
  const units = (job.length + job.block - 1) / job.block;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const end = min(job.length, (unit + 1) * job.block);
    let low = f64x2.splat(0), high = f64x2.splat(0);
    for (let i = unit * job.block; i < end; i += 4) {
      const v = loadPart(job.x + (<usize> i << 2), end - i, 0);
      const a = f64x2.promote_low_f32x4(v), b = f64x2.promote_low_f32x4(i32x4.shuffle(v, v, 2, 3, 2, 3));
      low = f64x2.add(low, f64x2.mul(a, a));
      high = f64x2.add(high, f64x2.mul(b, b));
    }
    const sum = f64x2.add(low, high);
    store<f64>(job.partial + (<usize> unit << 3), f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  }
}
