// The worker of the data side: it opens the data set itself, from a description, and hands the pixels over without a copy.
import { expose, transfer } from "npm:comlink@4.4.2";
import { type BatchRecipe, buffersOf, makeBatch } from "../src/data/batch.ts";
import { type DataSet, type DataSource, openDataSet } from "../src/data/datasets/mod.ts";
import { inspect, type Inspection } from "../src/data/inspect.ts";
import type { BatchPlan } from "../src/data/order.ts";

/** What a worker needs to make any batch. Plain data. */
export interface DataDescription {
  source: DataSource;
  /** Of the set as first opened, so that all workers number the same samples alike. */
  listing?: unknown;
  /** Not needed for `inspect`. */
  recipe?: BatchRecipe;
}

let opened: { set: DataSet; recipe?: BatchRecipe };

const api = {
  async open({ source, listing, recipe }: DataDescription) {
    opened = { set: await openDataSet(source, { listing }), recipe };
  },
  async batch(plan: BatchPlan) {
    const batch = await makeBatch(opened.set, opened.recipe!, plan);
    return transfer(batch, buffersOf(batch));
  },
  /** For `scan`: reads and decodes, and gives no pixels back. */
  async inspect(indices: number[]) {
    const found: Inspection[] = [];
    for (const index of indices) found.push(await inspect(opened.set, index));
    return found;
  },
};

export type DataWorker = typeof api;

expose(api);
