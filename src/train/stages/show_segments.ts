// What a model for segmentation sees, as pictures.

import type { Batch } from "../../data/loader.ts";
import { tintedByLabel } from "../../data/panels.ts";
import { fromBytes, savePictures } from "../pictures.ts";
import type { Run } from "../run.ts";
import type { Job } from "../stage.ts";

/** Pictures that are shown at most. */
const most = 6;

/** segments-<job>.png: a batch's first pictures, under them their label maps, under those the classes (B, size, size) that were predicted. */
export async function showSegments(
  run: Run,
  { id }: Pick<Job, "id">,
  { views, weights, labelMaps }: Batch,
  predicted: ArrayLike<number>,
  size: number,
): Promise<void> {
  const count = Math.min(most, weights.lastIndexOf(1) + 1), pictures = fromBytes(views[0].pixels, size, count), area = size * size;
  const tinted = (labels: ArrayLike<number>) =>
    pictures.map((picture, b) => tintedByLabel(picture, Array.prototype.slice.call(labels, b * area, (b + 1) * area)));
  await savePictures(run, `segments-${id}`, [...pictures, ...tinted(labelMaps!), ...tinted(predicted)], count);
}
