// Batches in order, made somewhere else and ahead of time.
import { DataError } from "../errors.ts";
import type { BatchData } from "./batch.ts";
import type { DataSet } from "./datasets/mod.ts";
import { type BatchPlan, batchPlans, type LoaderState, type OrderOptions } from "./order.ts";
import type { DrawKey } from "./random.ts";

/** What the device reads beside the pictures, such as the mask of patches: one row per sample, of one type and length. */
export type Field = (key: DrawKey) => Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array;

/** What the loader itself looks at in a batch; the rest is the business of whoever makes it and of whoever trains on it. */
export type PlacedData = Pick<BatchData, "weights" | "names" | "skipped">;

/** A batch of pictures, or of whatever `MakeBatch` makes. */
export type Batch<Data extends PlacedData = BatchData> = Data & Placing;

/** What the loader adds to a batch. */
export interface Placing {
  epoch: number;
  /** (B) numbers of the samples in the data set; -1 for a place that never had one. */
  indices: Int32Array;
  /** (B, n) by the field's name; zeros where the weight is 0. */
  fields: Record<string, ReturnType<Field>>;
  /** The loader's state after this batch: what a checkpoint holds once the batch has been trained on. */
  next: LoaderState;
}

export interface LoaderOptions extends OrderOptions {
  /** Where to begin; a fresh run is { seed, epoch: 0, position: 0 }. */
  state: LoaderState;
  /** Batches to have under way while one is in use. */
  ahead: number;
  fields?: Record<string, Field>;
  /** Called with the samples that a batch leaves out, also of a batch that is not given. */
  onSkip?: (skipped: BatchData["skipped"]) => void;
  signal?: AbortSignal;
}

/** Makes the batch of a plan; may be called for several plans at once. */
export type MakeBatch<Data extends PlacedData = BatchData> = (plan: BatchPlan, signal: AbortSignal) => Promise<Data>;

/**
 * `for await (const batch of loader)` gives the batches of the order from the state on. The rules for what goes wrong: a skipped sample
 * leaves an empty place of weight 0, no other sample moves; a batch without any good sample is not given; an epoch without any good
 * sample is a DataError. Leaving the loop cancels what is under way, and the next loop goes on behind the last batch that was given.
 */
export class Loader<Data extends PlacedData = BatchData> implements AsyncIterable<Batch<Data>> {
  /** Samples left out so far, in this run. */
  skipped = 0;
  readonly set: Pick<DataSet, "name" | "length" | "classes">;
  readonly #make: MakeBatch<Data>;
  readonly #options: LoaderOptions;
  readonly #close: () => Promise<void>;
  #state: LoaderState;

  constructor(set: Loader["set"], make: MakeBatch<Data>, options: LoaderOptions, close: () => Promise<void> = () => Promise.resolve()) {
    this.set = set;
    this.#make = make;
    this.#options = options;
    this.#close = close;
    this.#state = options.state;
  }

  /** Where the loader stands, behind the last batch that was given. With a batch in hand and the next on its way, use `batch.next`. */
  state(): LoaderState {
    return { ...this.#state };
  }

  /** Ends the workers. */
  close(): Promise<void> {
    return this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch<Data>, void, void> {
    const { ahead, fields = {}, onSkip, signal } = this.#options;
    const left = new AbortController(), stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const plans = batchPlans(this.set.length, this.#options, this.#state);
    const underWay: { plan: BatchPlan; data: Promise<Data> }[] = [];
    let good = this.#state.position; // samples of this epoch that could be used; those before a resume count as such
    try {
      while (true) {
        while (underWay.length < Math.max(1, ahead)) {
          const { value: plan, done } = plans.next();
          if (done) break;
          const data = this.#make(plan, stop);
          data.catch(() => {}); // seen when its turn comes
          underWay.push({ plan, data });
        }
        const first = underWay.shift();
        if (!first) return;
        const { plan, data } = first, batch = await data;
        signal?.throwIfAborted();
        const used = batch.weights.reduce((sum, weight) => sum + weight, 0);
        this.skipped += batch.skipped.length;
        if (batch.skipped.length) onSkip?.(batch.skipped);
        good += used;
        if (plan.next.epoch > plan.epoch) {
          if (good === 0) throw this.#nothingGood(batch);
          good = 0;
        }
        this.#state = plan.next;
        if (used > 0) {
          yield { ...batch, epoch: plan.epoch, indices: plan.indices, fields: rows(fields, plan, batch.weights), next: plan.next };
        }
      }
    } finally {
      left.abort(new DOMException("the loop over the batches was left", "AbortError"));
    }
  }

  #nothingGood({ skipped }: PlacedData): DataError {
    const last = skipped.at(-1);
    return new DataError(
      `${this.set.name}: none of its ${this.set.length} samples can be used (the last: ${last?.reason}); scan the folder`,
    );
  }
}

function rows(fields: Record<string, Field>, { seed, epoch, indices }: BatchPlan, weights: Float32Array): Placing["fields"] {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      let table: ReturnType<Field> | undefined;
      for (const [place, index] of indices.entries()) {
        if (weights[place] === 0) continue;
        const row = field({ seed, epoch, index });
        table ??= new (row.constructor as new (length: number) => ReturnType<Field>)(row.length * indices.length);
        table.set(row, place * row.length);
      }
      return [name, table!];
    }),
  );
}
