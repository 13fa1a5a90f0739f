// Tokens of a whole data set, computed once for recipes whose crops are fixed.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { TokenizerWeights } from "../../checkpoint/tokenizer.ts";
import type { Field } from "../../data/loader.ts";
import type { Device } from "../../devices/device.ts";
import { CheckpointError } from "../../errors.ts";
import { cacheTokens } from "../cache_tokens.ts";
import { batchesOf, type BatchOptions, type Pictures } from "../data.ts";
import type { StageContext } from "../stage.ts";
import { openTokenCache, type TokenCacheHeader } from "../token_cache.ts";
import { heldOutViews } from "./views.ts";

type Weights = Pick<TokenizerWeights, "config" | "weights" | "fingerprint">;
type Set = Pick<Pictures, "source" | "set">;

/**
 * A loader's field with the tokens (N) of each picture's middle: from the recipe's cache, or from the run's own, which the first use fills.
 * Close it at the end. @throws CheckpointError where the cache is not there, or of another tokenizer or other pictures.
 */
export async function cachedTokens(context: StageContext, weights: Weights, size: number): Promise<{ field: Field; close(): void }> {
  const { device, run, data: { train }, recipe: { pretrain, data, seed }, workers, note } = context, own = `${run.path}/tokens.cache`;
  const path = pretrain.tokens ?? own,
    wanted = { fingerprint: weights.fingerprint, data: described(train, size), vocab: weights.config.vocab };
  if (path === own && !existsSync(path)) {
    note(`pretrain: encoding ${train.set.length} pictures once into ${path}`);
    await cacheSet(device, weights, train, { path, size, onError: data.onError, workers, seed });
  }
  const cache = openTokenCache(path, wanted), { pictures } = cache.header;
  if (pictures !== train.set.length) {
    cache.close();
    throw new CheckpointError(`${path}: holds ${pictures} pictures, ${train.set.name} has ${train.set.length}; write the cache again`);
  }
  return { field: ({ index }) => cache.read(index), close: () => cache.close() };
}

export interface CacheSetOptions extends Pick<BatchOptions, "onError" | "workers"> {
  /** The cache to write. */
  path: string;
  /** Pixels a side of the tokenizer's view. */
  size: number;
  seed?: number;
  batchSize?: number;
  progress?(done: number): void;
  /** Ends the work; no cache is left. */
  signal?: AbortSignal;
}

/**
 * Writes the tokens of the middle of every picture of a set, in the set's order. One that cannot be read, where that is to be passed over,
 * is black. @throws DataError, RecipeError, CheckpointError
 */
export async function cacheSet(
  device: Device,
  weights: Weights,
  { source, set }: Set,
  options: CacheSetOptions,
): Promise<TokenCacheHeader> {
  const { path, size, progress, batchSize } = options;
  const about = { path, size, pictures: set.length, data: described({ source, set }, size), batchSize, progress };
  return await cacheTokens(device, weights, middles({ source, set }, options), about);
}

/** What a cache is of, so that one of other pictures is refused: a set's own name may say too little. */
function described({ source }: Set, size: number): string {
  const absolute = "path" in source ? { ...source, path: resolve(source.path) } : source;
  return `the middle at ${size} of ${JSON.stringify(absolute)}`;
}

async function* middles({ source, set }: Set, options: CacheSetOptions): AsyncGenerator<Uint8Array> {
  const { size, onError, workers, seed = 0, batchSize: B = 16, signal } = options;
  await using loader = batchesOf({ source, set }, {
    preparation: heldOutViews([{ size, filter: "lanczos" }]),
    onError,
    workers,
    batchSize: B,
    shuffle: false,
    last: "pad",
    epochs: 1,
    state: { seed, epoch: 0, position: 0 },
  });
  let done = 0;
  for await (const { indices, views: [{ pixels }] } of loader) {
    signal?.throwIfAborted();
    const bytes = pixels.length / B, [first] = indices, held = indices.filter((index) => index >= 0).length;
    if (first > done) yield new Uint8Array((first - done) * bytes); // a batch without any good picture is not given
    yield pixels.subarray(0, held * bytes);
    done = first + held;
  }
  if (done < set.length) yield new Uint8Array((set.length - done) * size * size * 3);
}
