// Semantic segmentation of ADE20K with a pre-trained BEiT-B, as published. Sources: [seg] microsoft/unilm beit/semantic_segmentation
// (base_512_slide_160k_pt); [paper] Bao et al. 2021. Two things differ: crops are of whole pictures, where [seg] also shrinks a picture below
// its crop and pads it; and a held-out picture is measured at 512 pixels in two squares, where [seg] averages windows at its full size.

import type { Preset } from "./preset.ts";

export const ade20kBase: Preset = {
  about: "BEiT-B/16 with UPerNet on ADE20K; data.train.path holds images/ and annotations/, finetune.from is a pre-trained BEiT",
  recipe: {
    stage: "finetune",
    data: {
      train: { kind: "segmentation", path: "ADEChallengeData2016", split: "training", classes: 150, reduceZeroLabel: true }, // [seg]
      heldOut: { kind: "segmentation", path: "ADEChallengeData2016", split: "validation" },
      mean: [0.485, 0.456, 0.406], // [seg]: ImageNet's, though the encoder was pre-trained with 0.5
      std: [0.229, 0.224, 0.225],
    },
    logEvery: 50,
    checkpoints: { every: 16_000 }, // [seg]
    encoder: { imageSize: 224, patchSize: 16, dim: 768, depth: 12, heads: 12, layerScale: 0.1, dropPath: 0.1 },
    finetune: {
      task: "segmentation",
      head: "upernet",
      from: "beit_base_patch16_224_pt22k.pth",
      imageSize: 512, // [seg]
      steps: 160_000, // [seg]
      batchSize: 16, // [seg]; batch normalisation sees the pictures of one part, [seg] all of them
      accumulation: 4,
      schedule: "linear", // [seg]: poly with power 1
      lr: 7e-4, // [seg]
      minLr: 0, // [seg]
      warmupSteps: 1500, // [seg]
      weightDecay: 0.05, // [seg]
      beta1: 0.9, // [seg]
      beta2: 0.999, // [seg]
      layerDecay: 0.65, // [seg]
      dropPath: 0.1, // [seg]
      clip: null, // [seg]
      crop: [0.19, 0.75], // [seg]: squares of a half to all of the shorter side, of pictures of 4 to 3
      flip: 0.5, // [seg]
      jitter: 0.4, // about the strength of [seg]'s PhotoMetricDistortion, without its hue
      measureEvery: 16_000, // [seg]
    },
  },
};
