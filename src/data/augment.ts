// What happens to a picture on its way into a batch. First everything random is drawn as a plan, a function of (seed, epoch, index) and the
// picture's size; then the plan is carried out, without chance. Bytes in, bytes out: normalisation, mixing and erasing are the device's.

import { type CropSettings, drawCrop, type Size } from "./augment/crop.ts";
import { drawJitter } from "./augment/color_jitter.ts";
import { drawErasing, type ErasingSettings } from "./augment/erasing.ts";
import { applyOperations, drawOperations, type Operation, type RandAugmentSettings } from "./augment/rand_augment.ts";
import { type Cut, makeViews, type View } from "./augment/views.ts";
import type { Box, Picture } from "./picture.ts";
import { type DrawKey, draws } from "./random.ts";

export type { View };

export interface Augmentation {
  /** Strength of brightness, contrast and saturation jitter; 0 for none. */
  jitter: number;
  /** Probability of a horizontal flip. */
  flip: number;
  crop: CropSettings;
  randAugment: RandAugmentSettings | null;
  erasing: ErasingSettings | null;
  /** All views show the same crop. */
  views: readonly View[];
}

/** BEiT pre-training: a bicubic view for the encoder, a Lanczos view of half the size for the tokenizer. */
export const pretraining: Augmentation = {
  jitter: 0.4,
  flip: 0.5,
  crop: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
  randAugment: null,
  erasing: null,
  views: [{ size: 224, filter: "bicubic" }, { size: 112, filter: "lanczos" }],
};

/** BEiT fine-tuning: RandAugment instead of jitter, a quarter of the pictures with a box erased. */
export const fineTuning: Augmentation = {
  ...pretraining,
  jitter: 0,
  randAugment: { layers: 2, magnitude: 9, magnitudeStd: 0.5, fill: [128, 128, 128] },
  erasing: { probability: 0.25, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] },
  views: [{ size: 224, filter: "bicubic" }],
};

/** Everything random about one sample, drawn. */
export interface Plan extends Cut {
  operations: Operation[];
  /** In the first view: the device fills it, augment() does not. */
  erase: Box | null;
}

/** The plan for the sample that `key` names, of a picture of `size`. Each part has draws of its own, so one setting never moves another. */
export function drawPlan(size: Size, settings: Augmentation, key: DrawKey): Plan {
  const { size: side } = settings.views[0];
  return {
    jitter: drawJitter(draws(key, "jitter"), settings.jitter),
    flip: draws(key, "flip").uniform() < settings.flip,
    crop: drawCrop(draws(key, "crop"), size, settings.crop),
    operations: settings.randAugment ? drawOperations(draws(key, "rand_augment"), settings.randAugment) : [],
    erase: settings.erasing ? drawErasing(draws(key, "erasing"), { width: side, height: side }, settings.erasing) : null,
  };
}

/**
 * The views of `picture` by `plan`: jitter on the whole picture, flip, one crop, a resize for each view, RandAugment on each view. Their
 * pixels are the arrays of `into`, (size, size, 3) each, where they are given.
 */
export function augment(
  picture: Picture,
  plan: Plan,
  { views, randAugment }: Augmentation,
  into: Uint8Array[] = views.map(({ size }) => new Uint8Array(size * size * 3)),
): Picture[] {
  makeViews(picture, plan, views, into);
  return views.map(({ size }, v) => {
    const view = { width: size, height: size, pixels: into[v] };
    if (randAugment) into[v].set(applyOperations(view, plan.operations, randAugment.fill).pixels);
    return view;
  });
}
