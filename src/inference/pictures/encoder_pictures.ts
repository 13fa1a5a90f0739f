// What an encoder makes of pictures: its guesses at what is hidden, what it finds alike, where its heads look.
import { heatMap, sheet, withMask } from "../../data/panels.ts";
import type { Picture } from "../../data/picture.ts";
import { resize } from "../../data/resize.ts";
import { features, nearest } from "../../evaluate/mod.ts";
import type { Attention, Pixels } from "../types.ts";
import type { Model } from "../model.ts";
import { picturesOf } from "./sample.ts";

/**
 * A row a picture: itself, what the model sees of it, its guesses decoded, and all true tokens decoded. `small` are the same pictures as
 * the tokenizer takes them; `masks` (B, rows * columns).
 */
export async function predictionSheet(model: Model, pixels: Pixels, small: Pixels, masks: Uint8Array<ArrayBuffer>): Promise<Picture> {
  const { width, predicted } = await model.reconstruct(pixels, masks), [rows, columns] = model.description.grid, { size } = pixels;
  const best = await model.decode((await model.tokens(small)).ids);
  const guessed = picturesOf({ size: width, data: predicted }), decoded = picturesOf({ size: best.width, data: best.data });
  const panels = picturesOf(pixels).flatMap((original, b) => {
    const mask = masks.subarray(b * rows * columns, (b + 1) * rows * columns);
    const [guess, truth] = [guessed[b], decoded[b]].map((picture) => resize(picture, size, size, "bilinear"));
    return [original, withMask(original, mask, { rows, columns }), guess, truth];
  });
  return sheet(panels, { columns: 4 });
}

/** A row a query: itself and its nearest others by the model's own embedding. The pictures passed in are queries and bank at once. */
export async function neighbourSheet(model: Model, pixels: Pixels, queries: number, found: number): Promise<Picture> {
  const { size, count } = pixels, bytes = size * size * 3, vectors: Float32Array[] = [], most = 16;
  let dimensions = 0;
  for (let first = 0; first < count; first += most) {
    const n = Math.min(most, count - first);
    const part = await model.embed({ count: n, size, data: pixels.data.slice(first * bytes, (first + n) * bytes) }, {});
    dimensions = part.dimensions;
    vectors.push(part.data);
  }
  const all = new Float32Array(count * dimensions);
  vectors.forEach((part, i) => all.set(part, i * most * dimensions));
  const { indices } = nearest(features(all, dimensions), features(all, dimensions), found, { self: true });
  const pictures = picturesOf(pixels), step = Math.max(1, Math.floor(count / queries));
  const rows = Array.from({ length: Math.min(queries, count) }, (_, q) => q * step).flatMap((q) => [
    pictures[q],
    ...Array.from(indices.subarray(q * found, (q + 1) * found), (i) => pictures[Math.max(i, 0)]),
  ]);
  return sheet(rows, { columns: 1 + found });
}

/** A row a picture: itself and, over it, where the most decided heads look from the class token. */
export async function attentionSheet(model: Model, pixels: Pixels, block: number, count: number): Promise<Picture> {
  const found = await model.attention(pixels, { block }), [rows, columns] = found.grid, N = rows * columns;
  const heads = decidedHeads(found, pixels.count).slice(0, count);
  const panels = picturesOf(pixels).flatMap((picture, b) => [
    picture,
    ...heads.map((head) => {
      const at = (b * found.heads + head) * N;
      return heatMap(picture, found.weights.subarray(at, at + N), { rows, columns });
    }),
  ]);
  return sheet(panels, { columns: 1 + heads.length });
}

/** Heads by falling decidedness: the mean over pictures of how far their attention is from even (its entropy). */
export function decidedHeads({ heads, grid: [rows, columns], weights }: Attention, count: number): number[] {
  const N = rows * columns, entropy = new Float64Array(heads);
  for (let i = 0; i < count * heads; i++) {
    const row = weights.subarray(i * N, (i + 1) * N), sum = row.reduce((a, b) => a + b, 0) || 1;
    for (const w of row) if (w > 0) entropy[i % heads] -= w / sum * Math.log(w / sum);
  }
  return Array.from(entropy.keys()).sort((a, b) => entropy[a] - entropy[b]);
}
