// Tokens of all training pictures, computed once for recipes whose crops are fixed.

import { existsSync } from "node:fs";
import type { Field } from "../../data/loader.ts";
import type { TokenizerWeights } from "../../checkpoint/tokenizer.ts";
import { batchesOf, countOf, type Pictures } from "../data.ts";
import { cacheTokens } from "../cache_tokens.ts";
import type { StageContext } from "../stage.ts";
import { openTokenCache } from "../token_cache.ts";
import { heldOutViews } from "./views.ts";

/** A loader's field with the tokens (N) of each picture's middle, from the run's cache; the first use fills it. Close it at the end. */
export async function cachedTokens(
  context: StageContext,
  weights: Pick<TokenizerWeights, "config" | "weights" | "fingerprint">,
  size: number,
): Promise<{ field: Field; close(): void }> {
  const { device, run, data: { train }, note } = context, pictures = countOf(train), path = `${run.path}/tokens.cache`;
  const wanted = { fingerprint: weights.fingerprint, data: `${train.set.name}, the middle at ${size}` };
  if (!existsSync(path)) {
    note(`pretrain: encoding ${pictures} pictures once into ${path}`);
    await cacheTokens(device, weights, middles(context, size), { path, size, pictures, data: wanted.data });
  }
  const cache = openTokenCache(path, { ...wanted, vocab: weights.config.vocab }), place = placeOf(train);
  return { field: ({ index }) => cache.read(place(index)), close: () => cache.close() };
}

/** The middle of every training picture, in their order. One that cannot be read, where the recipe skips it, is black. */
async function* middles({ recipe, data: { train }, workers }: StageContext, size: number): AsyncGenerator<Uint8Array> {
  const { pretrain: { batchSize, accumulation }, data: { onError }, seed } = recipe, B = batchSize / accumulation;
  const preparation = heldOutViews([{ size, filter: "lanczos" }]), order = { shuffle: false, last: "pad", epochs: 1 } as const;
  await using loader = batchesOf(train, { ...order, preparation, onError, workers, batchSize: B, state: { seed, epoch: 0, position: 0 } });
  let done = 0;
  for await (const { indices, views: [{ pixels }] } of loader) {
    const bytes = pixels.length / B, [first] = indices, held = indices.filter((index) => index >= 0).length;
    if (first > done) yield new Uint8Array((first - done) * bytes); // a batch without any good picture is not given
    yield pixels.subarray(0, held * bytes);
    done = first + held;
  }
  if (done < countOf(train)) yield new Uint8Array((countOf(train) - done) * size * size * 3);
}

/** Where a picture of the whole set stands among those that are used. */
function placeOf({ only }: Pictures): (index: number) => number {
  const places = only && new Map([...only].map((index, place) => [index, place]));
  return (index) => places ? places.get(index)! : index;
}
