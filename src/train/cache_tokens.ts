// Fills a token cache: every picture through the tokenizer once.

import { imageTensor } from "../../kernels/mod.ts";
import { type TokenizerWeights, withWeights } from "../checkpoint/tokenizer.ts";
import type { Device } from "../devices/device.ts";
import { DataError } from "../errors.ts";
import { input } from "../graph.ts";
import { tokenizer } from "../models/tokenizer.ts";
import { parameters } from "../nn/parameters.ts";
import { compile } from "../program.ts";
import { type TokenCacheHeader, writeTokenCache } from "./token_cache.ts";

export interface CacheTokensOptions {
  path: string;
  /** What the pictures are, for those who open the cache: data set, crops. */
  data: string;
  /** Pixels a side of the pictures. */
  size: number;
  /** How many pictures there are. */
  pictures: number;
  batchSize?: number;
  /** Called after each batch with the pictures that are done. */
  progress?(done: number): void;
}

/**
 * Encodes pictures (n, size, size, 3) u8, any number of them at a time and in order, and writes the cache whole or not at all.
 *
 * @throws RecipeError where the size holds no whole tokens, DataError for a piece that is no whole number of pictures, CheckpointError
 * when there are more or fewer than `pictures`.
 */
export async function cacheTokens(
  device: Device,
  { config, weights, fingerprint }: Pick<TokenizerWeights, "config" | "weights" | "fingerprint">,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { path, data, size, pictures, batchSize: B = 16, progress }: CacheTokensOptions,
): Promise<TokenCacheHeader> {
  const model = tokenizer(config), header = { fingerprint, data, vocab: model.vocab, grid: model.grid(size), pictures };
  const encoder = Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith("encoder.")));
  const p = parameters(withWeights(model.params, encoder), { name: "tokenizer" });
  const program = await compile(device, { ids: model.ids(p, imageTensor(input("pictures", [B, size, size, 3], "u8"))) });
  const bytes = size * size * 3, places = header.grid[0] * header.grid[1];
  async function* ids() {
    let done = 0;
    for await (const piece of source) {
      if (piece.length % bytes) {
        throw new DataError(`cacheTokens: ${piece.length} bytes are no pictures of ${size} x ${size} x 3; resize them first`);
      }
      for (let from = 0; from < piece.length; from += B * bytes) {
        const part = piece.subarray(from, from + B * bytes), count = part.length / bytes, batch = new Uint8Array(B * bytes);
        batch.set(part);
        program.write({ pictures: batch });
        program.run();
        yield (await program.read("ids")).subarray(0, count * places);
        progress?.(done += count);
      }
    }
  }
  try {
    await writeTokenCache(path, header, ids());
    return header;
  } finally {
    program.destroy();
  }
}
