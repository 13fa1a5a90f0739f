// Requests become batches: what waits is grouped by what it asks for, cut to the sizes that programs are compiled for, and run.

import { ProgramCosts } from "./program_costs.ts";

/** What runs a batch: one result an item, in order, an Error where the item failed alone. */
export type Run<Item, Result> = (key: string, items: Item[]) => Promise<(Result | Error)[]>;

export interface BatcherOptions<Item, Result> {
  /** Milliseconds that the first item waits for company while nothing runs. */
  window: number;
  /** Whether more items may be on their way, besides those that wait: without company to come the first starts at once. */
  comesMore?: () => boolean;
  /** Sizes of the compiled programs, ascending. */
  sizes: readonly number[];
  /** What a program of each size takes for items of a key, in any unit; a guess where absent. */
  costs?: (key: string) => readonly number[];
  run: Run<Item, Result>;
  /** Batches at once; beside the first only full ones, which may be on their way while the device works on it. */
  parallel?: number;
  /** Told of every batch. */
  onBatch?: (size: number, waited: number[]) => void;
  /** Errors after which items must not be tried one by one. */
  isFinal?: (error: unknown) => boolean;
}

interface Waiting<Item, Result> {
  key: string;
  item: Item;
  since: number;
  signal?: AbortSignal;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * How many of `waiting` items the next batch takes: as many as go through the program that does most items in its time, the larger of
 * two that are equal. `costs` are the times of `sizes`, in any unit.
 */
export function batchSize(waiting: number, sizes: readonly number[], costs: readonly number[]): number {
  const rates = sizes.map((size, i) => Math.min(waiting, size) / costs[i]);
  return Math.min(waiting, sizes[rates.lastIndexOf(Math.max(...rates))]);
}

export class Batcher<Item, Result> {
  readonly #options: Required<BatcherOptions<Item, Result>>;
  #queue: Waiting<Item, Result>[] = [];
  #running = 0;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(options: BatcherOptions<Item, Result>) {
    const guessed = new ProgramCosts(options.sizes).of("");
    this.#options = { parallel: 1, comesMore: () => true, costs: () => guessed, onBatch: () => {}, isFinal: () => false, ...options };
  }

  /** Items that no batch has taken yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** The result of one item. It runs with others of the same key; once `signal` aborts it is dropped unless its batch has started. */
  submit(key: string, item: Item, signal?: AbortSignal): Promise<Result> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<Result>((resolve, reject) => {
      const waiting: Waiting<Item, Result> = { key, item, since: performance.now(), signal, resolve, reject };
      signal?.addEventListener("abort", () => {
        this.#queue = this.#queue.filter((other) => other !== waiting);
        reject(signal.reason);
      }, { once: true });
      this.#queue.push(waiting);
      this.#schedule();
    });
  }

  #schedule(): void {
    const { parallel, sizes, window, comesMore } = this.#options;
    if (this.#running >= parallel || this.#queue.length === 0) return;
    if (this.#queue.length >= sizes[sizes.length - 1]) return this.#start(); // a full batch gains nothing by waiting
    if (this.#running > 0) return; // what waits goes together when that batch is done: one that starts now would only be small
    if (!comesMore()) return this.#start();
    this.#timer ??= setTimeout(() => this.#start(), window);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { key } = this.#queue[0] ?? {};
    if (key === undefined) return;
    const alike = this.#queue.filter((waiting) => waiting.key === key), { sizes, costs } = this.#options;
    const taken = new Set(alike.slice(0, batchSize(alike.length, sizes, costs(key))));
    this.#queue = this.#queue.filter((waiting) => !taken.has(waiting));
    this.#running++;
    void this.#work(key, [...taken]).finally(() => {
      this.#running--;
      if (this.#running === 0 && this.#queue.length > 0) this.#start();
      else this.#schedule();
    });
    this.#schedule();
  }

  async #work(key: string, batch: Waiting<Item, Result>[]): Promise<void> {
    const { run, onBatch, isFinal } = this.#options, now = performance.now();
    onBatch(batch.length, batch.map(({ since }) => now - since));
    try {
      settle(batch, await run(key, batch.map(({ item }) => item)));
    } catch (error) {
      if (batch.length === 1 || isFinal(error)) return batch.forEach(({ reject }) => reject(error));
      // One of them poisons the batch: alone, only that one fails.
      for (const one of batch) {
        if (!one.signal?.aborted) await run(key, [one.item]).then((results) => settle([one], results), one.reject);
      }
    }
  }
}

function settle<Item, Result>(batch: Waiting<Item, Result>[], results: (Result | Error)[]): void {
  batch.forEach(({ resolve, reject }, i) => results[i] instanceof Error ? reject(results[i]) : resolve(results[i] as Result));
}
