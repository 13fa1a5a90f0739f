// The loader of a run: a data set, its order, and where the batches are made.
import { type BatchRecipe, makeBatch } from "../src/data/batch.ts";
import { type DataSet, type DataSource, openDataSet, type Opening } from "../src/data/datasets/mod.ts";
import { type Field, Loader, type LoaderOptions } from "../src/data/loader.ts";
import type { BatchPlan } from "../src/data/order.ts";
import type { DataDescription, DataWorker } from "./data.ts";
import { Pool } from "./pool.ts";

export interface WorkerOptions {
  /** Workers that make batches; 0 makes them on this thread, when they are asked for. */
  workers: number;
  /** Milliseconds after which a worker counts as hung; longer than any honest batch takes. */
  deadline?: number;
  /** Starts a worker with workers/data.ts; for bundlers, which must see the worker's address in the program's own code. */
  spawn?: () => Worker;
}

/**
 * Opens a data set and the workers for it. The batches are the same bytes for any number of workers. Close it at the end: in Deno a
 * worker keeps the program alive.
 *
 * @throws {DataError} where the set cannot be opened.
 */
export async function openLoader(
  source: DataSource,
  recipe: BatchRecipe,
  options: Omit<LoaderOptions, "ahead"> & WorkerOptions,
  opening: Pick<Opening, "onProgress"> = {},
): Promise<Loader> {
  const set = await openDataSet(source, { ...opening, signal: options.signal });
  return loaderOf({ source, set }, recipe, options);
}

export interface OpenedSet {
  source: DataSource;
  set: DataSet;
  /** Which of the set's samples are used, in ascending order; all if absent. */
  only?: Uint32Array;
}

/**
 * The loader of a set that is open. A batch's `indices` count the samples that are used; fields and draws are keyed by the sample's number
 * in the whole set.
 */
export function loaderOf(
  { source, set, only }: OpenedSet,
  recipe: BatchRecipe,
  { workers, deadline, spawn, fields = {}, ...order }: Omit<LoaderOptions, "ahead"> & WorkerOptions,
): Loader {
  const named = (plan: BatchPlan): BatchPlan =>
    only ? { ...plan, indices: plan.indices.map((place) => place < 0 ? -1 : only[place]) } : plan;
  const numbered = (
    [name, field]: [string, Field],
  ): [string, Field] => [name, (key) => field({ ...key, index: only?.[key.index] ?? key.index })];
  const about = { name: set.name, length: only?.length ?? set.length, classes: set.classes };
  const options = { ...order, fields: Object.fromEntries(Object.entries(fields).map(numbered)) };
  if (workers === 0) return new Loader(about, (plan) => makeBatch(set, recipe, named(plan)), { ...options, ahead: 1 });
  const pool = openDataPool({ source, listing: set.listing, recipe }, workers, deadline, spawn);
  const make = (plan: BatchPlan, signal: AbortSignal) => pool.run((api) => api.batch(named(plan)), { signal });
  return new Loader(about, make, { ...options, ahead: 2 * workers }, () => pool.close());
}

/** Workers that have opened `description`. */
export function openDataPool(description: DataDescription, size: number, deadline = 120_000, spawn = startWorker): Pool<DataWorker> {
  return new Pool<DataWorker>({ name: "data workers", size, spawn, setup: (api) => api.open(description), deadline });
}

const startWorker = () => new Worker(new URL("./data.ts", import.meta.url), { type: "module" });
