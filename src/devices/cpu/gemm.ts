// Matrix product on the WASM kernels: defaults, checks, and the blocks in which a large product is done.

import { LimitError, ShapeError } from "../../errors.ts";
import { KERNEL, type Team } from "./team.ts";

/** C (M, N) = epilogue(op(A) op(B)), f32, row-major, for each matrix of a batch. Pointers in bytes, everything else in floats. */
export interface Gemm {
  M: number;
  N: number;
  K: number;
  /** (M, K), or (K, M) with `transA`. */
  a: number;
  /** (K, N), or (N, K) with `transB`. */
  b: number;
  c: number;
  transA?: boolean;
  transB?: boolean;
  /** Leading dimensions: from one row to the next; dense if absent. */
  lda?: number;
  ldb?: number;
  ldc?: number;
  /** Matrices, one product each; 1 if absent. */
  batch?: number;
  /** From one matrix to the next; dense if absent, 0 gives every product the same matrix. */
  strideA?: number;
  strideB?: number;
  strideC?: number;
  /** The product is added to what C holds; everything below applies to the sum. */
  accumulate?: boolean;
  /** (N), added. */
  bias?: number;
  /** (M), added. */
  rowBias?: number;
  /** Laid out like C: receives the value before the activation. */
  pre?: number;
  /** GELU is the exact form, x Φ(x). */
  activation?: "none" | "gelu" | "relu";
  /** (N), multiplied after the activation. */
  scale?: number;
  /** Laid out like C, added last. */
  residual?: number;
  /** B as `packB` made it, where `packedBytes` gives it room; `b` is not read then. One B for all of the batch. */
  packed?: number;
}

/** More, for convolutions: K runs through `segments` matrices at these distances, and B may be the columns of pictures. */
export interface Segmented extends Gemm {
  segments?: number;
  segmentA?: number;
  segmentB?: number;
  image?: 0 | 1 | 2;
}

/** Bytes of B that are packed at a time. */
const PACKED_LIMIT = 1 << 25;
/** Steps of K that are packed at a time. */
const K_LIMIT = 1 << 14;
/** Rows of A above which packing B is lost in the work: at 512 it is some 2 % of it. */
const MOST_ROWS = 512;
const ACTIVATIONS = { none: 0, gelu: 1, relu: 2 };

const roundUp = (n: number, to: number) => Math.ceil(n / to) * to;

/** Runs a product; long ones in parts, over K one after the other into C, so that the bits are the same for any number of threads. */
export function gemm(team: Team, job: Segmented): void {
  for (const name of ["M", "N", "K"] as const) {
    if (!Number.isInteger(job[name]) || job[name] < 1) {
      throw new ShapeError(`gemm: ${name} is ${job[name]}; it must be a whole number from 1`);
    }
  }
  const { K, segments = 1, transA, transB } = job;
  if (segments > 1 || job.image || K <= K_LIMIT) return columns(team, job);
  const lda = job.lda ?? (transA ? job.M : K), ldb = job.ldb ?? (transB ? K : job.N);
  const strideA = job.strideA ?? job.M * K, strideB = job.strideB ?? K * job.N;
  for (let k = 0; k < K; k += K_LIMIT) {
    const part = { ...job, lda, ldb, strideA, strideB, K: Math.min(K_LIMIT, K - k), accumulate: job.accumulate || k > 0 };
    part.a += 4 * k * (transA ? lda : 1);
    part.b += 4 * k * (transB ? 1 : ldb);
    if (k + K_LIMIT < K) Object.assign(part, { bias: 0, rowBias: 0, pre: 0, activation: "none", scale: 0, residual: 0 });
    columns(team, part);
  }
}

/**
 * Bytes of B packed for good, for a B that many products share; 0 where that would bring less than it holds: packing costs as much as
 * some ten rows of A.
 */
export function packedBytes({ tileColumns }: Team, { M, N, K, batch = 1, strideB }: Gemm): number {
  const shared = batch === 1 || strideB === 0;
  return shared && M * batch <= MOST_ROWS && K <= K_LIMIT ? 4 * roundUp(N, tileColumns) * K : 0;
}

/** Writes `packed`, for products with the same N, K and B. */
export function packB(team: Team, { N, K, b, transB, ldb = transB ? K : N }: Gemm, packed: number): void {
  const none = 0, rows = 0; // without rows of A the kernel ends after packing
  team.run(KERNEL.gemm, 2 * N * K, [
    ...[none, b, none, rows, N, K, none, ldb, none, 0, +!!transB, 0],
    ...[ACTIVATIONS.none, none, none, none, none, none],
    ...[1, 0, 0, 0, 1, 0, 0, 0],
    ...[packed, 0, team.tileRows, team.tileColumns, none, 0],
  ]);
}

/** In parts of N, then of the batch, so that packed B stays within its limit. */
function columns(team: Team, job: Segmented): void {
  const { M, N, K, segments = 1, batch = 1, transA, transB } = job;
  const whole = {
    ...job,
    lda: job.lda ?? (transA ? M : K),
    ldb: job.ldb ?? (transB ? K : N),
    ldc: job.ldc ?? N,
    strideA: job.strideA ?? M * K,
    strideB: batch === 1 ? 0 : job.strideB ?? K * N,
    strideC: job.strideC ?? M * N,
  };
  const panel = 4 * K * segments * team.tileColumns;
  const wide = Math.max(1, Math.floor(PACKED_LIMIT / panel)) * team.tileColumns;
  if (N > wide && !job.image) {
    for (let n = 0; n < N; n += wide) {
      const part = { ...whole, N: Math.min(wide, N - n), b: job.b + 4 * n * (transB ? whole.ldb : 1), c: job.c + 4 * n };
      if (job.packed) part.packed = job.packed + 4 * n * K;
      for (const name of ["bias", "pre", "scale", "residual"] as const) if (job[name]) part[name] = job[name] + 4 * n;
      columns(team, part);
    }
    return;
  }
  const one = panel * Math.ceil(N / team.tileColumns), together = whole.strideB ? Math.max(1, Math.floor(PACKED_LIMIT / one)) : batch;
  for (let i = 0; i < batch; i += together) {
    const at = (pointer: number, stride: number) => pointer && pointer + 4 * i * stride;
    block(team, {
      ...whole,
      batch: Math.min(together, batch - i),
      a: at(job.a, whole.strideA),
      b: at(job.b, whole.strideB),
      c: at(job.c, whole.strideC),
      pre: at(job.pre ?? 0, whole.strideC),
      residual: at(job.residual ?? 0, whole.strideC),
    });
  }
}

type Whole = Segmented & Required<Pick<Gemm, "lda" | "ldb" | "ldc" | "batch" | "strideA" | "strideB" | "strideC" | "pre" | "residual">>;

function block(team: Team, job: Whole): void {
  const { M, N, K, segments = 1, batch, strideB } = job, k = K * segments, panels = Math.ceil(N / team.tileColumns);
  const packedBytes = job.packed ? 0 : 4 * (strideB ? batch : 1) * panels * team.tileColumns * k;
  const [rows, wide] = blocks(team, M, N, batch);
  const scratchBytes = roundUp(4 * Math.max(rows * (k + wide), job.image === 2 ? team.tileColumns * K : 0), 64);
  const total = packedBytes + team.threads * scratchBytes;
  if (total >= 2 ** 31) throw new LimitError(`gemm: K ${k} needs ${total} bytes of working storage; at most ${2 ** 31} are possible`);
  const packed = team.scratch(total + 64);
  team.run(
    KERNEL.gemm,
    (2 * M * N * k * batch) / 30,
    [
      ...[job.a, job.b, job.c, M, N, K, job.lda, job.ldb, job.ldc, +!!job.transA, +!!job.transB, +!!job.accumulate],
      ...[ACTIVATIONS[job.activation ?? "none"], job.bias ?? 0, job.rowBias ?? 0, job.pre, job.scale ?? 0, job.residual],
      ...[batch, job.strideA, strideB, job.strideC, segments, job.segmentA ?? 0, job.segmentB ?? 0, job.image ?? 0],
      ...[job.packed ?? packed, +!!job.packed, rows, wide, packed + roundUp(packedBytes, 64), scratchBytes],
    ],
  );
}

/** Rows and columns of a block of C: as large as the second cache likes, and small enough that every thread gets several. */
function blocks(team: Team, M: number, N: number, batch: number): [number, number] {
  const { tileRows, tileColumns, threads } = team;
  const split = (n: number, most: number, tile: number) => roundUp(Math.ceil(n / Math.ceil(n / most)), tile);
  let rows = split(M, 48, tileRows), wide = split(N, 512, tileColumns);
  const units = () => batch * Math.ceil(M / rows) * Math.ceil(N / wide);
  while (threads > 1 && units() < 8 * threads && wide > 64) wide = split(N, wide / 2, tileColumns);
  while (threads > 1 && units() < 4 * threads && rows > 12) rows = split(M, rows / 2, tileRows);
  return [rows, wide];
}
