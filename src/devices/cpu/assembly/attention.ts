// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// What forward and backward of attention share: the job, and where the parts of a thread's working storage lie.

import { MR, NR } from "./tile";

/** Written by the host (../attention.ts) in this order. Strides in floats. q, k, v and their gradients share one set, out and dout another. */
@unmanaged
export class Attention {
  kernel: i32;
  q: usize;
  k: usize;
  v: usize;
  out: usize;
  lse: usize; // (B, NH, T): log-sum-exp of the scores
  bias: usize; // (NH, T, T) or 0
  mask: usize; // (B, T) or 0: keys with weight 0 are not there
  B: i32;
  NH: i32;
  T: i32;
  HS: i32;
  batchStride: usize;
  headStride: usize;
  tokenStride: usize;
  outBatchStride: usize;
  outHeadStride: usize;
  outTokenStride: usize;
  blockRows: i32; // queries at a time; a multiple of MR
  scratch: usize;
  scratchBytes: usize; // of one thread
  dout: usize;
  dq: usize;
  dk: usize;
  dv: usize;
  dbias: usize; // (NH, T, T) or 0
  groups: i32; // batch parts with a bias gradient of their own, each B / groups long, rounded up
  partial: usize; // (groups, NH, T, T)
  scale: f32;
}

export function input(job: Attention, base: usize, batch: i32, head: i32): usize {
  return base + ((<usize> batch * job.batchStride + <usize> head * job.headStride) << 2);
}

export function output(job: Attention, base: usize, batch: i32, head: i32): usize {
  return base + ((<usize> batch * job.outBatchStride + <usize> head * job.outHeadStride) << 2);
}

export function roundToRows(n: i32): i32 {
  return (n + MR - 1) / MR * MR;
}

export function roundToColumns(n: i32): i32 {
  return (n + NR - 1) / NR * NR;
}

/** Four scores (x scale + bias), minus infinity for keys that are masked or lie past the end: the first n exist. */
export function scores(x: v128, scale: v128, bias: v128, mask: v128, n: i32): v128 {
  const there = v128.and(f32x4.gt(mask, f32x4.splat(0)), i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n)));
  return v128.bitselect(f32x4.add(f32x4.mul(x, scale), bias), f32x4.splat(-f32.POSITIVE_INFINITY), there);
}
