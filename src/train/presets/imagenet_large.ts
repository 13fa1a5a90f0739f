// BEiT-L as published: what differs from base. Sources as in imagenet_base.ts.

import { merge } from "../recipe/merge.ts";
import { imagenetBase } from "./imagenet_base.ts";
import type { Preset } from "./preset.ts";

export const imagenetLarge: Preset = {
  about: "BEiT-L/16 on ImageNet with the published hyper-parameters",
  recipe: merge(imagenetBase.recipe, {
    encoder: { dim: 1024, depth: 24, heads: 16, layerScale: 1e-5 }, // [code] 1e-5 for large
    pretrain: { accumulation: 256, clip: 1 }, // [paper] table 12: clip 1.0 for large
    finetune: {
      epochs: 50, // [paper] table 13
      accumulation: 64,
      lr: 1e-3, // [code] README
      warmupEpochs: 5, // [paper] table 13
      layerDecay: 0.75, // [paper] table 13
      dropPath: 0.2, // [code] README
    },
  }) as Preset["recipe"],
};
