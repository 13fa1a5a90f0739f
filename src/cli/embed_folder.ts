// A folder of pictures to a file of vectors: what `deno task embed` does once a model is open.
import { openLoader } from "../../workers/loader.ts";
import type { DataSource } from "../data/datasets/mod.ts";
import { DataError } from "../errors.ts";
import type { Pixels, Vectors, View } from "../inference/types.ts";
import { VectorFile } from "../vectors/mod.ts";

/** An open model with everything chosen: block, pooling, whitening. */
export interface Embedder {
  view: View;
  /** Of all that makes a vector. */
  fingerprint: string;
  /** Pictures that it takes at once. */
  batchSize: number;
  embed(pixels: Pixels): Promise<Vectors>;
}

export interface EmbedFolderOptions {
  source: DataSource;
  /** The file to write; its extension names the format. */
  out: string;
  /** Threads that read and decode pictures; 0 does it on this one. */
  workers: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface EmbedReport {
  out: string;
  pictures: number;
  embedded: number;
  /** Values of a vector. */
  dimensions: number;
  fingerprint: string;
  /** Pictures that are not in the file. */
  bad: { name: string; reason: string }[];
  seconds: number;
}

/**
 * Embeds every picture of a data set in its order. Pictures that cannot be used are left out and listed; the file appears when all is done.
 *
 * @throws DataError where the set cannot be opened, no picture can be embedded or the file cannot be written; RecipeError for an unknown
 * extension; the signal's reason when it is aborted. In each case what stood at `out` is intact.
 */
export async function embedFolder(
  embedder: Embedder,
  { source, out, workers, onProgress, signal }: EmbedFolderOptions,
): Promise<EmbedReport> {
  const begin = performance.now(), { view, fingerprint, batchSize } = embedder, bad: EmbedReport["bad"] = [];
  let file: VectorFile | undefined, dimensions = 0, done = 0;
  const loader = await openLoader(
    source,
    { preparation: { kind: "evaluate", size: view.size, filter: view.filter, share: view.share }, onError: "skip" },
    {
      batchSize,
      shuffle: false,
      last: "pad",
      epochs: 1,
      state: { seed: 0, epoch: 0, position: 0 },
      workers,
      signal,
      onSkip(skipped) {
        bad.push(...skipped.map(({ reason }) => named(reason)));
        done += skipped.length;
      },
    },
  );
  try {
    onProgress?.(0, loader.set.length);
    for await (const { views: [{ pixels }], weights, names } of loader) {
      const places = Array.from(weights.keys()).filter((place) => weights[place] > 0);
      const packed = pack(pixels, places, view.size),
        vectors = await embedder.embed({ count: places.length, size: view.size, data: packed });
      dimensions = vectors.dimensions;
      const good = places.flatMap((place, i) => {
        const row = vectors.data.subarray(i * dimensions, (i + 1) * dimensions);
        if (row.every(Number.isFinite)) return [{ name: names[place], row }];
        bad.push({ name: names[place], reason: "the model gives values that are no numbers" });
        return [];
      });
      file ??= await VectorFile.create(out, { dim: dimensions, fingerprint });
      const values = new Float32Array(good.length * dimensions);
      good.forEach(({ row }, i) => values.set(row, i * dimensions));
      await file.write({ names: good.map(({ name }) => name), values });
      done += places.length;
      onProgress?.(done, loader.set.length);
    }
    if (!file?.count) throw new DataError(`${loader.set.name}: none of its ${loader.set.length} pictures can be embedded; scan the folder`);
    await file.finish();
    const pictures = loader.set.length, embedded = file.count;
    return { out, pictures, embedded, dimensions, fingerprint, bad, seconds: (performance.now() - begin) / 1000 };
  } catch (error) {
    await file?.discard();
    throw error;
  } finally {
    await loader.close();
  }
}

/** Errors of pictures begin with the picture's name. */
function named(reason: string): { name: string; reason: string } {
  const colon = reason.indexOf(": ");
  return colon < 0 ? { name: "", reason } : { name: reason.slice(0, colon), reason: reason.slice(colon + 2) };
}

function pack(pixels: Uint8Array, places: readonly number[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = size * size * 3, out = new Uint8Array(places.length * bytes);
  places.forEach((place, i) => out.set(pixels.subarray(place * bytes, (place + 1) * bytes), i * bytes));
  return out;
}
