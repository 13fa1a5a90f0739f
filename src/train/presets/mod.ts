// The table of presets.

import { ade20kBase } from "./ade20k_base.ts";
import { cifar10Small } from "./cifar10_small.ts";
import { imagenetBase } from "./imagenet_base.ts";
import { imagenetLarge } from "./imagenet_large.ts";
import { mosaicsTiny } from "./mosaics_tiny.ts";
import { photosSmall } from "./photos_small.ts";
import type { Preset } from "./preset.ts";

export type { Preset } from "./preset.ts";
export const defaultPreset = "mosaics-tiny";

/** Recipes for pictures by name; `resolveRecipe({ preset })` fills in the rest. */
export const presets: Record<string, Preset> = {
  "mosaics-tiny": mosaicsTiny,
  "cifar10-small": cifar10Small,
  "photos-small": photosSmall,
  "imagenet-base": imagenetBase,
  "imagenet-large": imagenetLarge,
  "ade20k-base": ade20kBase,
};
