// How well pixels are told apart: from a table of how often each class was taken for each other.

import { ShapeError } from "../errors.ts";

/** Adds pixels to `counts` (K, K): row the label, column the prediction. Labels from K on, such as 255, are not counted. */
export function countPixels(labels: ArrayLike<number>, predicted: ArrayLike<number>, classes: number, counts: Float64Array): void {
  if (labels.length !== predicted.length || counts.length !== classes ** 2) {
    throw new ShapeError(
      `countPixels: ${labels.length} labels, ${predicted.length} predictions and ${counts.length} counts do not go with ${classes} classes`,
    );
  }
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] < classes) counts[labels[i] * classes + predicted[i]]++;
  }
}

export interface SegmentationScores {
  /** Share of the pixels that are right. */
  accuracy: number;
  /** Mean over the classes that occur in labels or predictions. */
  meanIou: number;
  /** Intersection over union of each class: pixels that are rightly it, over those that are or are taken for it; NaN where there are none. */
  iou: number[];
  /** Share of the pixels that the commonest class has: what naming it everywhere would reach. */
  commonest: number;
}

/** Scores of a table of `countPixels()`. Throws ShapeError where nothing was counted. */
export function segmentationScores(counts: Float64Array): SegmentationScores {
  const K = Math.sqrt(counts.length), rows = new Float64Array(K), columns = new Float64Array(K);
  counts.forEach((count, i) => {
    rows[Math.floor(i / K)] += count;
    columns[i % K] += count;
  });
  const all = rows.reduce((a, b) => a + b, 0), right = Array.from(rows, (_, k) => counts[k * K + k]);
  if (!all) throw new ShapeError("segmentationScores: no pixel was counted; give labels of classes");
  const iou = right.map((count, k) => count / (rows[k] + columns[k] - count)), known = iou.filter((value) => !Number.isNaN(value));
  return {
    accuracy: right.reduce((a, b) => a + b, 0) / all,
    meanIou: known.reduce((a, b) => a + b, 0) / known.length,
    iou,
    commonest: Math.max(...rows) / all,
  };
}
