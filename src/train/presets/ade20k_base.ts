// Semantic segmentation of ADE20K with a pre-trained BEiT-B, as published. Sources: [seg] microsoft/unilm
// beit/semantic_segmentation, upernet_beit_base_12_512_slide_160k_ade20k_pt.py; [mmseg] the data of mmsegmentation that it builds on,
// configs/_base_/datasets/ade20k.py. What differs here: crops lie within a picture, where [mmseg] also shrinks it below the crop and pads,
// and draws a crop anew that one class fills; held-out pictures are measured in two squares, where [seg] averages overlapping windows.

import type { Preset } from "./preset.ts";

export const ade20kBase: Preset = {
  about: "BEiT-B/16 with UPerNet on ADE20K; data.train.path holds images/ and annotations/, finetune.from is a pre-trained BEiT",
  recipe: {
    stage: "finetune",
    data: {
      train: { kind: "segmentation", path: "ADEChallengeData2016", split: "training", classes: 150, reduceZeroLabel: true }, // [mmseg]
      heldOut: { kind: "segmentation", path: "ADEChallengeData2016", split: "validation" },
      mean: [0.485, 0.456, 0.406], // [mmseg]: ImageNet's, though the encoder was pre-trained with 0.5
      std: [0.229, 0.224, 0.225],
    },
    logEvery: 50,
    checkpoints: { every: 16_000 },
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
      crop: [0.19, 0.75], // [mmseg]: squares of a half to all of the shorter side, of pictures of 4 to 3
      flip: 0.5, // [mmseg]
      jitter: 0.4, // BEiT's own jitter, in place of [mmseg]'s PhotoMetricDistortion
      measureEvery: 16_000,
    },
  },
};
