// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// C = epilogue(op(A) op(B)), f32, row-major. Phase 0 packs B once for all threads; phase 1 deals out blocks of C: a thread packs its rows
// of A, multiplies into a block of its own and runs the epilogue from there. K is never split between threads.

import { packPanels, panelOfColumns, panelOfRows } from "./pack";
import { imagePanel, imagePanelTransposed } from "./image";
import { gelu4, loadPart, relu4, storePart } from "./simd";
import { arrive, finish, take } from "./team";
import { MR, multiply, NR } from "./tile";

/** Written by the host (../gemm.ts) in this order. Strides and leading dimensions in floats. */
@unmanaged
export class Gemm {
  kernel: i32;
  a: usize;
  b: usize;
  c: usize;
  M: i32;
  N: i32;
  K: i32; // of one segment
  lda: usize;
  ldb: usize;
  ldc: usize;
  transA: i32;
  transB: i32;
  accumulate: i32;
  activation: i32; // 0 none, 1 GELU, 2 ReLU
  bias: usize; // (N)
  rowBias: usize; // (M)
  pre: usize; // like C
  scale: usize; // (N)
  residual: usize; // like C
  batch: i32;
  strideA: usize;
  strideB: usize;
  strideC: usize;
  segments: i32; // K runs through so many matrices one after the other
  segmentA: usize;
  segmentB: usize;
  image: i32; // B is 0 a matrix, 1 the columns of a picture (im2col), 2 those transposed
  packed: usize; // panels of B
  isPacked: i32; // 1: they are there already
  blockRows: i32;
  blockColumns: i32;
  scratch: usize;
  scratchBytes: usize; // of one thread: its rows of A and its block of C; before that, NR rows of patches (image 2)
}

function packB(job: Gemm, unit: i32, thread: i32): void {
  const panels = (job.N + NR - 1) / NR;
  const batch = unit / panels, n = (unit % panels) * NR, valid = min(NR, job.N - n);
  const step = (<usize> job.K * NR) << 2;
  let src = job.b + ((<usize> batch * job.strideB) << 2), dst = job.packed + <usize> unit * step * job.segments;
  for (let s = 0; s < job.segments; s++) {
    if (job.image == 1) imagePanel(src, n, valid, dst);
    else if (job.image == 2) imagePanelTransposed(src, n, valid, dst, job.scratch + <usize> thread * job.scratchBytes);
    else if (job.transB) panelOfRows(src + ((<usize> n * job.ldb) << 2), job.ldb << 2, job.K, dst, NR, valid);
    else panelOfColumns(src + (<usize> n << 2), job.ldb << 2, job.K, dst, NR, valid);
    src += job.segmentB << 2;
    dst += step;
  }
}

function packA(job: Gemm, batch: i32, m0: i32, rows: i32, dst: usize): void {
  const along = job.transA == 0, ld = job.lda << 2;
  let src = job.a + ((<usize> batch * job.strideA + <usize> m0 * (along ? job.lda : 1)) << 2);
  if (job.segments == 1) {
    packPanels(src, ld, along, rows, job.K, dst, MR);
    return;
  }
  const k = <usize> job.K * job.segments;
  for (let s = 0; s < job.segments; s++) {
    for (let i = 0; i < rows; i += MR) {
      const to = dst + ((<usize> i * k + <usize> s * job.K * MR) << 2);
      if (along) panelOfRows(src + <usize> i * ld, ld, job.K, to, MR, min(MR, rows - i));
      else panelOfColumns(src + (<usize> i << 2), ld, job.K, to, MR, min(MR, rows - i));
    }
    src += job.segmentA << 2;
  }
}

function epilogueRow(job: Gemm, t: usize, offset: usize, row: i32, column: usize, columns: i32): void {
  const out = job.c + offset;
  if (!(job.accumulate | job.activation | <i32> (job.bias | job.rowBias | job.pre | job.scale | job.residual))) {
    memory.copy(out, t, <usize> columns << 2);
    return;
  }
  const bias = job.bias ? job.bias + column : 0, scale = job.scale ? job.scale + column : 0;
  const pre = job.pre ? job.pre + offset : 0, residual = job.residual ? job.residual + offset : 0;
  const activation = job.activation, accumulate = job.accumulate;
  const start = f32x4.splat(job.rowBias ? load<f32>(job.rowBias + (<usize> row << 2)) : 0), hasStart = job.rowBias != 0;
  for (let i = 0; i < columns; i += 4) {
    const n = columns - i, at = <usize> i << 2;
    let v = v128.load(t + at);
    if (accumulate) v = f32x4.add(v, loadPart(out + at, n, 0));
    if (hasStart) v = f32x4.add(v, start);
    if (bias) v = f32x4.add(v, loadPart(bias + at, n, 0));
    if (pre) storePart(pre + at, v, n);
    if (activation == 1) v = gelu4(v);
    else if (activation == 2) v = relu4(v);
    if (scale) v = f32x4.mul(v, loadPart(scale + at, n, 0));
    if (residual) v = f32x4.add(v, loadPart(residual + at, n, 0));
    storePart(out + at, v, n);
  }
}

export function gemm(job: Gemm, thread: i32): void {
  const panels = (job.N + NR - 1) / NR, batchesB = job.strideB ? job.batch : 1;
  const packs = job.isPacked ? 0 : panels * batchesB;
  for (let unit = take(0); unit < packs; unit = take(0)) {
    packB(job, unit, thread);
    finish(0, packs);
  }
  arrive(0, packs, thread);

  const k = job.K * job.segments, R = job.blockRows, S = job.blockColumns;
  const across = (job.N + S - 1) / S, perBatch = (job.M + R - 1) / R * across, units = perBatch * job.batch;
  const scratchA = job.scratch + <usize> thread * job.scratchBytes, t = scratchA + ((<usize> R * k) << 2), ldt = <usize> S << 2;
  for (let unit = take(1); unit < units; unit = take(1)) {
    const batch = unit / perBatch, within = unit % perBatch;
    const m = within / across * R, n = within % across * S;
    const rows = min(R, job.M - m), columns = min(S, job.N - n);
    packA(job, batch, m, rows, scratchA);
    const b = job.packed + (((job.strideB ? <usize> batch * panels * NR : 0) + <usize> n) * k << 2);
    multiply(scratchA, rows, b, columns, k, t, ldt, true);
    for (let r = 0; r < rows; r++) {
      const offset = (<usize> batch * job.strideC + <usize> (m + r) * job.ldc + n) << 2;
      epilogueRow(job, t + <usize> r * ldt, offset, m + r, <usize> n << 2, columns);
    }
  }
}
