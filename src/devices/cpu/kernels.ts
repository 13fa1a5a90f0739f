// What the CPU device offers to ops: WASM kernels on one linear memory, run on all threads.

import { DeviceError } from "../../errors.ts";
import { type Gemm, gemm } from "./gemm.ts";
import { LinearMemory } from "./memory.ts";
import { Team } from "./team.ts";
import { canShare, chooseVariant } from "./variant.ts";

export type { Gemm } from "./gemm.ts";

export interface KernelOptions {
  /** Threads, the calling one among them; as many as there are cores, but no more than 16, if absent. */
  threads?: number;
  /** Which build to use; the faster one for this engine if absent. */
  variant?: "fused" | "plain";
  /** False: memory that no other thread can see, as in a page that is not cross-origin isolated. */
  shared?: boolean;
}

/**
 * WASM kernels and the memory that they work on. Pointers are byte addresses in it, tensors are dense f32. Every call returns when the
 * work is done, and gives the same bits for any number of threads. NaN in the input gives NaN in what depends on it.
 */
export class CpuKernels {
  readonly description: string;
  #closed = false;

  /** Compiles the kernels and starts the threads. Call `close()` in the end: in Deno the threads keep the process alive. */
  static async open({ threads, variant, shared = canShare() }: KernelOptions = {}): Promise<CpuKernels> {
    const cores = shared ? Math.min(16, threads ?? navigator.hardwareConcurrency ?? 1) : 1;
    if (!Number.isInteger(cores) || cores < 1) throw new DeviceError(`CPU: ${threads} threads; give a whole number from 1`);
    const build = await chooseVariant(shared, variant), memory = new LinearMemory(shared);
    return new CpuKernels(memory, await Team.open(cores, build, memory), build.fused);
  }

  private constructor(private readonly linear: LinearMemory, private readonly team: Team, fused: boolean) {
    const arithmetic = fused ? "fused multiply-add" : "multiply, then add";
    this.description = `WASM SIMD, ${arithmetic}, ${team.threads} thread${team.threads > 1 ? "s" : ""}`;
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
    gemm(this.#ready(), job);
  }

  /** Ends the threads. The memory goes with the last view of it. */
  close(): void {
    this.#closed = true;
    this.team.close();
  }

  #ready(): Team {
    this.#check();
    return this.team;
  }

  #check(): void {
    if (this.#closed) throw new DeviceError("CPU: the kernels are closed; open them again");
  }
}
