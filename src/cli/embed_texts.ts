// A file of lines to a file of vectors: what `deno task embed` does where the model is one of texts.
import { readTexts } from "../data/text/sources/mod.ts";
import { DataError } from "../errors.ts";
import { chooseVectors, type VectorOptions } from "../inference/embedder.ts";
import type { Texts } from "../inference/texts.ts";
import type { TextVectors } from "../inference/types.ts";
import { VectorFile } from "../vectors/mod.ts";
import type { EmbedReport } from "./embed_folder.ts";

export interface EmbedTextsOptions {
  /** The file of texts, one a line; empty ones are passed over. */
  path: string;
  /** The file to write; its extension names the format. */
  out: string;
  choice: VectorOptions;
  /** Texts at once. */
  batchSize: number;
  /** Longer texts are cut, instead of left out. */
  truncate: boolean;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Embeds every line in its order. Lines that the model cannot take are left out and listed; the file appears when all is done.
 *
 * @throws DataError where the file cannot be read as texts, none can be embedded or the vectors cannot be written.
 */
export async function embedTexts(
  model: Texts,
  { path, out, choice, batchSize, truncate, onProgress, signal }: EmbedTextsOptions,
): Promise<EmbedReport> {
  const begin = performance.now(), { texts } = readTexts({ kind: "lines", path, empty: "skip" }), bad: EmbedReport["bad"] = [];
  let faults: TextVectors["faults"] = [], file: VectorFile | undefined, dimensions = 0;
  const chosen = chooseVectors(
    {
      description: model.description,
      async embed({ lines }: { count: number; lines: string[] }, options) {
        const vectors = await model.embed(lines, { ...options, truncate });
        faults = vectors.faults;
        return vectors;
      },
    },
    choice,
    "--",
  );
  try {
    for (let at = 0; at < texts.length; at += batchSize) {
      signal?.throwIfAborted();
      const some = texts.slice(at, at + batchSize),
        vectors = await chosen.embed({ count: some.length, lines: some.map(({ text }) => text) });
      dimensions = vectors.dimensions;
      bad.push(...faults.map(({ index, fault }) => ({ name: some[index].name, reason: fault })));
      const refused = new Set(faults.map(({ index }) => index)), good = some.flatMap((_, i) => refused.has(i) ? [] : [i]);
      file ??= await VectorFile.create(out, { dim: dimensions, fingerprint: chosen.fingerprint });
      const values = new Float32Array(good.length * dimensions);
      good.forEach((i, row) => values.set(vectors.data.subarray(i * dimensions, (i + 1) * dimensions), row * dimensions));
      await file.write({ names: good.map((i) => some[i].name), values });
      onProgress?.(at + some.length, texts.length);
    }
    if (!file?.count) throw new DataError(`${path}: none of its ${texts.length} texts can be embedded; look at their lengths`);
    await file.finish();
    const seconds = (performance.now() - begin) / 1000;
    return { out, pictures: texts.length, embedded: file.count, dimensions, fingerprint: chosen.fingerprint, bad, seconds };
  } catch (error) {
    await file?.discard();
    throw error;
  }
}
