// Held-out pictures to draw a run's report with.
import type { Picture } from "../../data/picture.ts";
import { batchesOf, countOf, type TrainingData } from "../../train/data.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { Pixels, View } from "../types.ts";

/** `count` held-out pictures as the view cuts them, evenly from all of them, so that sorted sets show every class. Bad ones are left out. */
export async function samplePixels({ heldOut }: TrainingData, { data, seed }: Recipe, view: View, count: number): Promise<Pixels> {
  const all = countOf(heldOut), n = Math.min(count, all), places = Uint32Array.from({ length: n }, (_, i) => Math.floor(i * all / n));
  await using loader = batchesOf({ ...heldOut, only: places.map((place) => heldOut.only?.[place] ?? place) }, {
    preparation: { kind: "evaluate", size: view.size, filter: view.filter, share: view.share },
    onError: data.onError,
    workers: 0,
    batchSize: n,
    shuffle: false,
    last: "pad",
    epochs: 1,
    state: { seed, epoch: 0, position: 0 },
  });
  const bytes = view.size * view.size * 3, kept: Uint8Array[] = [];
  for await (const { views: [{ pixels }], weights } of loader) {
    weights.forEach((weight, i) => weight > 0 && kept.push(pixels.slice(i * bytes, (i + 1) * bytes)));
  }
  const joined = new Uint8Array(kept.length * bytes);
  kept.forEach((one, i) => joined.set(one, i * bytes));
  return { count: kept.length, size: view.size, data: joined };
}

/** Each picture of a batch. */
export function picturesOf({ size, data }: Pick<Pixels, "size" | "data">): Picture[] {
  const bytes = size * size * 3;
  return Array.from(
    { length: data.length / bytes },
    (_, i) => ({ width: size, height: size, pixels: data.subarray(i * bytes, (i + 1) * bytes) }),
  );
}

/** The first pictures of a batch. */
export function firstOf({ size, data, count }: Pixels, n: number): Pixels {
  const kept = Math.min(n, count);
  return { count: kept, size, data: data.slice(0, kept * size * size * 3) };
}
