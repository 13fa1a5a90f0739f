// Calls on a fixed number of workers, oldest call first. A worker that throws outside a call, exits, hangs or runs out of memory is
// replaced and its call is made again.
//
// Two things no pool can mend in Deno 2.9: a worker in an endless loop is replaced, but its thread runs on and keeps the program alive
// until process.exit (`hung` counts them); and a heap of JavaScript objects over V8's limit (4 GB) ends the whole program.
import type { Remote } from "npm:comlink@4.4.2";
import * as errors from "../src/errors.ts";
import { Death, Member } from "./member.ts";

/** A call that no worker lived to answer, or a pool that was closed. */
export class WorkerError extends errors.ZelligeError {}

export interface PoolOptions<Api> {
  /** Names the pool in errors. */
  name: string;
  /** Workers at most; each is started by the first call that finds no other free. */
  size: number;
  /** Starts a worker: `new Worker(new URL("./data.ts", import.meta.url), { type: "module" })`, whose module calls comlink's `expose`. */
  spawn: () => Worker;
  /** First call on every worker, also on those that replace another. */
  setup: (api: Remote<Api>) => Promise<unknown>;
  /** Milliseconds after which a call's worker counts as hung. Must be longer than the longest honest call; Infinity waits for ever. */
  deadline: number;
  /** Milliseconds for `setup`. */
  setupDeadline?: number;
  /** Workers that may die over one call before it fails. */
  tries?: number;
}

interface Job<Api> {
  call: (api: Remote<Api>) => Promise<unknown>;
  deadline: number;
  deaths: string[];
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  cancelled: boolean;
}

interface Slot<Api> {
  member?: Member<Api>;
}

export class Pool<Api> {
  /** Workers that died and were replaced. */
  replaced = 0;
  /** Of these, the ones that did not answer in time. */
  hung = 0;
  readonly #options: Required<PoolOptions<Api>>;
  readonly #slots: Slot<Api>[];
  readonly #free: Slot<Api>[];
  readonly #queue: Job<Api>[] = [];
  #closed = false;

  constructor(options: PoolOptions<Api>) {
    this.#options = { setupDeadline: 120_000, tries: 3, ...options };
    this.#slots = Array.from({ length: options.size }, () => ({}));
    this.#free = [...this.#slots];
  }

  /**
   * Runs `call` on a free worker and gives what it gives. It may run more than once, each time on another worker, so it must make its
   * arguments anew where it transfers them. An abort of `signal` rejects at once with its reason; a worker that is at work on the call
   * finishes it first, and the result is dropped.
   *
   * @throws the call's own error, of its own class where that is one of the project's; WorkerError after `tries` deaths or `close`.
   */
  run<T>(
    call: (api: Remote<Api>) => Promise<T>,
    { signal, deadline = this.#options.deadline }: { signal?: AbortSignal; deadline?: number } = {},
  ): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<T>((resolve, reject) => {
      const settled = () => signal?.removeEventListener("abort", cancel);
      const job: Job<Api> = {
        call,
        deadline,
        deaths: [],
        resolve: (value) => (settled(), resolve(value as T)),
        reject: (error) => (settled(), reject(error)),
        cancelled: false,
      };
      const cancel = () => {
        job.cancelled = true;
        const place = this.#queue.indexOf(job);
        if (place >= 0) this.#queue.splice(place, 1);
        job.reject(signal!.reason);
      };
      signal?.addEventListener("abort", cancel);
      this.#queue.push(job);
      this.#pump();
    });
  }

  /** Ends all workers, in whatever state; open calls fail with WorkerError. After it nothing keeps the program alive. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) job.reject(this.#closedError());
    await Promise.all(this.#slots.map((slot) => this.#retire(slot, "was closed")));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#free.length > 0) void this.#work(this.#free.pop()!, this.#queue.shift()!);
  }

  async #work(slot: Slot<Api>, job: Job<Api>): Promise<void> {
    const { spawn, setup, setupDeadline, tries } = this.#options;
    try {
      const member = slot.member ??= new Member(spawn(), setup, setupDeadline);
      try {
        await member.ready;
      } catch (error) {
        await this.#retire(slot, "could not be set up");
        throw error;
      }
      job.resolve(await member.call(job.call, job.deadline));
    } catch (error) {
      const death = deathOf(error);
      if (this.#closed) job.reject(this.#closedError());
      else if (death === undefined) job.reject(revive(error));
      else {
        this.replaced++;
        if (error instanceof Death && error.late) this.hung++;
        await this.#retire(slot, death);
        job.deaths.push(death);
        if (job.deaths.length >= tries) job.reject(this.#deathsError(job.deaths));
        else if (!job.cancelled) this.#queue.unshift(job); // before younger calls
      }
    } finally {
      this.#free.push(slot);
      if (this.#closed) { for (const waiting of this.#queue.splice(0)) waiting.reject(this.#closedError()); }
      else this.#pump();
    }
  }

  async #retire(slot: Slot<Api>, reason: string): Promise<void> {
    const { member } = slot;
    slot.member = undefined;
    await member?.terminate(reason);
  }

  #deathsError(deaths: string[]): WorkerError {
    const reasons = [...new Set(deaths)].join("; ");
    return new WorkerError(
      `${this.#options.name}: ${deaths.length} workers died over one call (${reasons}); look at what the call was given`,
    );
  }

  #closedError(): WorkerError {
    return new WorkerError(`${this.#options.name}: the workers were closed; open new ones`);
  }
}

/**
 * Why the worker cannot go on, or undefined where the call alone failed. A worker that ran out of memory, or whose WASM trapped, still
 * answers, but what is left of its memory is not to be relied on.
 */
function deathOf(error: unknown): string | undefined {
  if (error instanceof Death) return error.message;
  const { name, message } = error as Error;
  const memory = name === "RangeError" && /memory|allocation/i.test(message);
  return memory || name === "RuntimeError" ? `failed with ${name}: ${message}` : undefined;
}

/** An error that crossed over has name, message and stack only: gives it back its class. */
export function revive(error: unknown): unknown {
  if (!(error instanceof Error) || !Object.hasOwn(errors, error.name)) return error;
  return Object.setPrototypeOf(error, errors[error.name as keyof typeof errors].prototype);
}
