// The loader of a run: a data set, its order, and where the batches are made.
import { type BatchRecipe, makeBatch } from "../src/data/batch.ts";
import { type DataSource, openDataSet, type Opening } from "../src/data/datasets/mod.ts";
import { Loader, type LoaderOptions } from "../src/data/loader.ts";
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
  const { workers, deadline, spawn, signal } = options;
  const set = await openDataSet(source, { ...opening, signal });
  if (workers === 0) return new Loader(set, (plan) => makeBatch(set, recipe, plan), { ...options, ahead: 1 });

  const description: DataDescription = { source, listing: set.listing, recipe };
  const pool = openDataPool(description, workers, deadline, spawn);
  const make = (plan: Parameters<DataWorker["batch"]>[0], signal: AbortSignal) => pool.run((api) => api.batch(plan), { signal });
  return new Loader(set, make, { ...options, ahead: 2 * workers }, () => pool.close());
}

/** Workers that have opened `description`. */
export function openDataPool(description: DataDescription, size: number, deadline = 120_000, spawn = startWorker): Pool<DataWorker> {
  return new Pool<DataWorker>({ name: "data workers", size, spawn, setup: (api) => api.open(description), deadline });
}

const startWorker = () => new Worker(new URL("./data.ts", import.meta.url), { type: "module" });
