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
  { device, recipe, run, data, workers, note }: StageContext,
  weights: Pick<TokenizerWeights, "config" | "weights" | "fingerprint">,
  size: number,
): Promise<{ field: Field; close(): void }> {
  const pictures = data.train, count = countOf(pictures), path = `${run.path}/tokens.cache`;
  const wanted = { fingerprint: weights.fingerprint, data: `${pictures.set.name}, the middle at ${size}` };
  if (!existsSync(path)) {
    note(`pretrain: encoding ${count} pictures once into ${path}`);
    const { pretrain: { batchSize, accumulation }, data: { onError } } = recipe, B = batchSize / accumulation;
    await using loader = batchesOf(pictures, {
      preparation: heldOutViews([{ size, filter: "lanczos" }]),
      onError,
      workers,
      batchSize: B,
      shuffle: false,
      last: "pad",
      epochs: 1,
      state: { seed: recipe.seed, epoch: 0, position: 0 },
    });
    async function* pixels() {
      let place = 0;
      for await (const { indices, views: [view] } of loader) {
        // A batch without any good picture is not given: its places stay black.
        const bytes = view.pixels.length / B, first = placeOf(pictures)(indices[0]), held = indices.filter((index) => index >= 0).length;
        if (first > place) yield new Uint8Array((first - place) * bytes);
        yield view.pixels.subarray(0, held * bytes);
        place = first + held;
      }
    }
    await cacheTokens(device, weights, pixels(), { path, size, pictures: count, batchSize: B, data: wanted.data });
  }
  const cache = openTokenCache(path, { ...wanted, vocab: weights.config.vocab }), place = placeOf(pictures);
  return { field: ({ index }) => cache.read(place(index)), close: () => cache.close() };
}

/** Where a picture of the whole set stands among those that are used. */
function placeOf({ only }: Pictures): (index: number) => number {
  const places = only && new Map([...only].map((index, place) => [index, place]));
  return (index) => places ? places.get(index)! : index;
}
