// The host's side of assembly/team.ts: writes jobs into memory, runs them, ends the threads.

import type { LinearMemory } from "./memory.ts";
import { startHelpers } from "./thread.ts";
import { instantiate, type KernelExports, maySleep, type Variant } from "./variant.ts";

/** Numbers of the kernels, as assembly/index.ts has them. */
export const KERNEL = {
  ...{ gemm: 1, col2im: 2, softmax: 3, layerNorm: 4, columnSum: 5, squareSum: 6 },
  ...{ elementwise: 7, adamw: 8, attentionForward: 9, attentionBackward: 10 },
  ...{ columns: 11, logSumExp: 12, expRows: 13 },
} as const;

// Words of the control block
const GENERATION = 16, ACTIVE = 32, STOP = 64, MAIN_SLEEPS = 80, JOB = 256, GEOMETRY = JOB + 128;
const CLOSED = -(2 ** 31);
/** Nanoseconds of one thread's work below which waking the others costs more than they bring. */
const WORTH_SHARING = 10_000;

export class Team {
  readonly tileRows: number;
  readonly tileColumns: number;
  #exports: KernelExports;
  #scratch = { pointer: 0, bytes: 0 };
  #words!: Int32Array;
  #floats!: Float32Array;

  static async open(threads: number, variant: Variant, memory: LinearMemory): Promise<Team> {
    const control = new Int32Array(memory.memory.buffer);
    control[ACTIVE] = CLOSED;
    control[MAIN_SLEEPS] = maySleep() ? 1 : 0;
    return new Team(threads, variant, memory, await startHelpers(threads - 1, variant.module, memory.memory));
  }

  private constructor(
    readonly threads: number,
    variant: Variant,
    private readonly memory: LinearMemory,
    private readonly workers: Worker[],
  ) {
    this.#exports = instantiate(variant.module, memory.memory);
    this.tileRows = this.#exports.tileRows();
    this.tileColumns = this.#exports.tileColumns();
  }

  /**
   * Runs one kernel and returns when it is done. `words` are its fields in the order of its class in assembly/, integers first;
   * `nanoseconds` is a rough guess of the work, from which it follows whether the helpers are called.
   */
  run(kernel: number, nanoseconds: number, words: number[], floats: number[] = []): void {
    this.#view();
    this.#words[JOB] = kernel;
    this.#words.set(words, JOB + 1);
    if (floats.length) this.#floats.set(floats, JOB + 1 + words.length);
    this.#exports.run(this.threads === 1 || nanoseconds < WORTH_SHARING);
  }

  /** Writes the geometry that convolution kernels read beside their job. */
  setGeometry(words: number[]): void {
    this.#view();
    this.#words.set(words, GEOMETRY);
  }

  /** Working storage of at least so many bytes, the same for every job; its contents do not outlive the job. */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.pointer) this.memory.free(this.#scratch.pointer);
      this.#scratch = { pointer: 0, bytes: 0 };
      this.#scratch = { pointer: this.memory.allocate(bytes), bytes };
    }
    return this.#scratch.pointer;
  }

  /** Storage of a kernel that needs more than one job; give it back with `free`. */
  allocate(bytes: number): number {
    return this.memory.allocate(bytes);
  }

  free(pointer: number): void {
    this.memory.free(pointer);
  }

  floats(pointer: number, length: number): Float32Array {
    return new Float32Array(this.memory.memory.buffer, pointer, length);
  }

  doubles(pointer: number, length: number): Float64Array {
    return new Float64Array(this.memory.memory.buffer, pointer, length);
  }

  /** Ends the helpers. They have to be woken first: Deno cannot terminate a worker that sleeps in WASM. */
  close(): void {
    if (!this.workers.length) return;
    this.#view();
    Atomics.store(this.#words, STOP, 1);
    Atomics.add(this.#words, GENERATION, 1);
    Atomics.notify(this.#words, GENERATION);
    for (const worker of this.workers.splice(0)) worker.terminate();
  }

  /** Growing may have replaced the buffer. */
  #view(): void {
    if (this.#words?.buffer === this.memory.memory.buffer) return;
    this.#words = new Int32Array(this.memory.memory.buffer);
    this.#floats = new Float32Array(this.memory.memory.buffer);
  }
}
