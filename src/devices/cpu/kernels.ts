// What the CPU device offers to ops: WASM kernels on one linear memory, run on all threads.

import { DeviceError } from "../../errors.ts";
import { type AdamW, adamw } from "./adamw.ts";
import { type Attention, attention, type AttentionBackward, attentionBackward } from "./attention.ts";
import { type ColumnSoftmax, columnSoftmax } from "./columns.ts";
import * as convolution from "./convolution.ts";
import { type Elementwise, elementwise } from "./elementwise.ts";
import { type Blas, openBlas } from "./blas.ts";
import { blasGemm } from "./blas_gemm.ts";
import { type Gemm, gemm, packB, packedBytes } from "./gemm.ts";
import { type ExpRows, expRows, type LogSumExp, logSumExp } from "./log_sum_exp.ts";
import { LinearMemory } from "./memory.ts";
import { type LayerNorm, layerNorm, type LayerNormBackward, layerNormBackward, type Softmax, softmax } from "./rows.ts";
import { type ColumnSum, columnSum, squareSum } from "./sums.ts";
import { Team } from "./team.ts";
import { canShare, chooseVariant } from "./variant.ts";

export type { AdamW } from "./adamw.ts";
export type { Attention, AttentionBackward, HeadStrides } from "./attention.ts";
export type { ColumnSoftmax } from "./columns.ts";
export type { Conv, ConvDataGradient, ConvShape, ConvWeightGradient } from "./convolution.ts";
export type { Elementwise } from "./elementwise.ts";
export type { Gemm } from "./gemm.ts";
export type { ExpRows, LogSumExp } from "./log_sum_exp.ts";
export type { LayerNorm, LayerNormBackward, Softmax } from "./rows.ts";
export type { ColumnSum } from "./sums.ts";

export interface KernelOptions {
  /** Threads, the calling one among them; as many as there are cores, but no more than 16, if absent. */
  threads?: number;
  /** Which build to use; the faster one for this engine if absent. */
  variant?: "fused" | "plain";
  /** False: memory that no other thread can see, as in a page that is not cross-origin isolated. */
  shared?: boolean;
  /** Matrix products on a BLAS of the system: true for the one that is found, or its path. Off unless asked for. */
  blas?: boolean | string;
}

/**
 * WASM kernels and the memory that they work on. Pointers are byte addresses in it, tensors are dense f32. Every call returns when the
 * work is done, and gives the same bits for any number of threads. NaN in the input gives NaN in what depends on it.
 */
export class CpuKernels {
  readonly description: string;
  #closed = false;

  /** Compiles the kernels and starts the threads. Call `close()` in the end: in Deno the threads keep the process alive. */
  static async open({ threads, variant, shared = canShare(), blas }: KernelOptions = {}): Promise<CpuKernels> {
    const cores = shared ? Math.min(16, threads ?? navigator.hardwareConcurrency ?? 1) : 1;
    if (!Number.isInteger(cores) || cores < 1) throw new DeviceError(`CPU: ${threads} threads; give a whole number from 1`);
    const build = await chooseVariant(shared, variant), memory = new LinearMemory(shared);
    const opened = blas ? await openBlas(memory.memory, blas === true ? undefined : blas) : undefined;
    return new CpuKernels(memory, await Team.open(cores, build, memory), build.fused, opened);
  }

  private constructor(private readonly linear: LinearMemory, private readonly team: Team, fused: boolean, private readonly blas?: Blas) {
    const arithmetic = fused ? "fused multiply-add" : "multiply, then add";
    this.description = `WASM SIMD, ${arithmetic}, ${team.threads} thread${team.threads > 1 ? "s" : ""}${
      blas ? `, products on ${blas.library}` : ""
    }`;
  }

  get threads(): number {
    return this.team.threads;
  }

  get memory(): WebAssembly.Memory {
    return this.linear.memory;
  }

  /** Bytes handed out, working storage of the kernels included. */
  get usedBytes(): number {
    return this.linear.usedBytes;
  }

  /** A pointer to zeroed memory on a 64-byte boundary; LimitError with both sizes when the 4 GiB are full. */
  allocate(bytes: number): number {
    this.#check();
    return this.linear.allocate(bytes);
  }

  free(pointer: number): void {
    if (!this.#closed) this.linear.free(pointer);
  }

  /**
   * A view of memory. Where memory is shared (`memory.buffer` is a SharedArrayBuffer) it stays valid until the block is freed; unshared
   * memory detaches every view when it grows, so take views again when `memory.buffer` is another object.
   */
  f32(pointer: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer as ArrayBuffer, pointer, length);
  }

  /** See `f32`. */
  u32(pointer: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.memory.buffer as ArrayBuffer, pointer, length);
  }

  /** See `f32`. */
  u8(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.memory.buffer as ArrayBuffer, pointer, length);
  }

  /** C = epilogue(op(A) op(B)); the epilogue in this order: bias, `pre`, activation, scale, residual. */
  gemm(job: Gemm): void {
    this.#product(job);
  }

  /** Bytes for `packB`; 0 where a packed B brings nothing. */
  packedBytes(job: Gemm): number {
    return this.blas ? 0 : packedBytes(this.team, job);
  }

  /** Packs B once for products with the same N, K and B, which then name it as `packed`. */
  packB(job: Gemm, packed: number): void {
    packB(this.#ready(), job, packed);
  }

  /** Writes `out` and `lse`. */
  attention(job: Attention): void {
    attention(this.#ready(), job);
  }

  /** Writes `dq`, `dk`, `dv` and, where wanted, `dbias`. */
  attentionBackward(job: AttentionBackward): void {
    attentionBackward(this.#ready(), job);
  }

  conv(job: convolution.Conv): void {
    convolution.conv(this.#ready(), job, this.#product);
  }

  /** The gradient of the pictures; also the transposed convolution. */
  convDataGradient(job: convolution.ConvDataGradient): void {
    convolution.convDataGradient(this.#ready(), job, this.#product);
  }

  convWeightGradient(job: convolution.ConvWeightGradient): void {
    convolution.convWeightGradient(this.#ready(), job, this.#product);
  }

  columnSoftmax(job: ColumnSoftmax): void {
    columnSoftmax(this.#ready(), job);
  }

  softmax(job: Softmax): void {
    softmax(this.#ready(), job);
  }

  logSumExp(job: LogSumExp): void {
    logSumExp(this.#ready(), job);
  }

  expRows(job: ExpRows): void {
    expRows(this.#ready(), job);
  }

  layerNorm(job: LayerNorm): void {
    layerNorm(this.#ready(), job);
  }

  layerNormBackward(job: LayerNormBackward): void {
    layerNormBackward(this.#ready(), job);
  }

  /** Copies `values` floats. */
  copy(from: number, to: number, values: number): void {
    this.f32(to, values).set(this.f32(from, values));
  }

  elementwise(job: Elementwise): void {
    elementwise(this.#ready(), job);
  }

  columnSum(job: ColumnSum): void {
    columnSum(this.#ready(), job);
  }

  /** The sum of the squares of `length` values at x, in double precision. */
  squareSum(x: number, length: number): number {
    return squareSum(this.#ready(), x, length);
  }

  adamw(job: AdamW): void {
    adamw(this.#ready(), job);
  }

  /** Ends the threads. The memory goes with the last view of it. */
  close(): void {
    this.#closed = true;
    this.team.close();
    this.blas?.close();
  }

  #product: convolution.Product = (job) => {
    const team = this.#ready();
    if (!this.blas || !blasGemm(this.blas.sgemm, this, job)) gemm(team, job);
  };

  #ready(): Team {
    this.#check();
    return this.team;
  }

  #check(): void {
    if (this.#closed) throw new DeviceError("CPU: the kernels are closed; open them again");
  }
}
