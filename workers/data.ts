// The worker that makes batches: it opens the data set itself, from a description, and hands the pixels over without a copy.
import { expose, transfer } from "npm:comlink@4.4.2";
import { type BatchRecipe, buffersOf, makeBatch } from "../src/data/batch.ts";
import { type DataSet, type DataSource, openDataSet } from "../src/data/datasets/mod.ts";
import type { BatchPlan } from "../src/data/order.ts";

/** What a worker needs to make any batch. Plain data. */
export interface DataDescription extends BatchRecipe {
  source: DataSource;
  /** Of the set as first opened, so that all workers number the same samples alike. */
  listing?: unknown;
}

let opened: { set: DataSet; recipe: BatchRecipe };

const api = {
  async open({ source, listing, ...recipe }: DataDescription) {
    opened = { set: await openDataSet(source, { listing }), recipe };
  },
  async batch(plan: BatchPlan) {
    const batch = await makeBatch(opened.set, opened.recipe, plan);
    return transfer(batch, buffersOf(batch));
  },
};

export type DataWorker = typeof api;

expose(api);
