// Label maps: one class number a pixel, cut and flipped together with their picture. Numbers cannot be averaged, so every view of a map takes
// the nearest pixel's.

import { type EvaluatedPart, evaluationGeometry } from "./augment/evaluation.ts";
import type { Plan } from "./augment.ts";

/** The label of a pixel that takes no part in loss and measures. */
export const ignoredLabel = 255;

/** The classes of a picture's pixels. */
export interface LabelMap {
  width: number;
  height: number;
  /** (H, W), 0 .. classes - 1 or `ignoredLabel`. */
  labels: Uint8Array;
}

/** The map of the view that `augment()` makes of the picture by the same plan, at `size` x `size`. */
export function plannedLabels(map: LabelMap, { crop, flip }: Pick<Plan, "crop" | "flip">, size: number): Uint8Array {
  const column = (x: number) => {
    const at = crop.left + nearest(x, crop.width, size);
    return flip ? map.width - 1 - at : at; // the crop's place is told in the mirrored picture
  };
  return sampled(map, size, column, (y) => crop.top + nearest(y, crop.height, size));
}

/**
 * The map of `evaluationView()`. At the ends of a picture, each part has the labels of its own half and ignores the rest: together they
 * have every pixel once, of pictures that are no more than twice as long as wide.
 */
export function evaluatedLabels(map: LabelMap, size: number, share?: number, part: EvaluatedPart = "middle"): Uint8Array {
  const { width, height, left, top } = evaluationGeometry(map, size, share, part);
  const labels = sampled(map, size, (x) => nearest(left + x, map.width, width), (y) => nearest(top + y, map.height, height));
  if (part === "middle") return labels;
  const wide = width >= height, middle = (wide ? width : height) / 2;
  return labels.map((label, i) => {
    const at = 0.5 + (wide ? left + i % size : top + Math.floor(i / size));
    return (part === "first") === (at < middle) ? label : ignoredLabel;
  });
}

function sampled(map: LabelMap, size: number, column: (x: number) => number, row: (y: number) => number): Uint8Array {
  const columns = Array.from({ length: size }, (_, x) => column(x)), out = new Uint8Array(size * size);
  for (let y = 0, o = 0; y < size; y++) {
    const start = row(y) * map.width;
    for (let x = 0; x < size; x++, o++) out[o] = map.labels[start + columns[x]];
  }
  return out;
}

/** The pixel of `from` in whose width the middle of pixel `x` of `to` lies. */
const nearest = (x: number, from: number, to: number): number => Math.min(from - 1, Math.floor((x + 0.5) * from / to));
