// From a stage's fields to what is made of every picture.

import { type Augmentation, fineTuning, pretraining, type View } from "../../data/augment.ts";
import { publishedCropShare } from "../../data/augment/evaluation.ts";
import type { Preparation } from "../../data/batch.ts";
import type { Recipe } from "../recipe.ts";

interface Fields {
  crop: readonly [number, number];
  flip: number;
  jitter: number;
  /** Width over height of a crop; as published for classification if absent. */
  ratio?: readonly [number, number];
  erasing?: number;
  randAugment?: number | null;
}

/** Random views for training. */
export function trainingViews({ data }: Recipe, { crop, flip, jitter, ratio, erasing, randAugment }: Fields, views: View[]): Preparation {
  const grey = data.mean.map((m) => Math.round(255 * m)) as [number, number, number];
  const settings: Augmentation = {
    jitter,
    flip,
    crop: { ...pretraining.crop, scale: [...crop], ...ratio && { ratio } },
    randAugment: randAugment ? { ...fineTuning.randAugment!, magnitude: randAugment, fill: grey } : null,
    erasing: erasing ? { ...fineTuning.erasing!, probability: erasing } : null,
    views,
  };
  return { kind: "augment", settings };
}

/** The one view of evaluation: the middle, as published, but the whole of pictures that are small already. */
export function heldOutView(size: number, filter: View["filter"] = "bicubic"): Preparation {
  return { kind: "evaluate", size, filter, share: size < 128 ? 1 : publishedCropShare(size) };
}

/** As `heldOutView`, for several views of the same middle square. */
export function heldOutViews(views: View[]): Preparation {
  // A crop of all of the area that must be square leaves the fallback of the random crop: the middle.
  const settings: Augmentation = { ...pretraining, jitter: 0, flip: 0, crop: { scale: [1, 1], ratio: [1, 1] }, views };
  return { kind: "augment", settings };
}
