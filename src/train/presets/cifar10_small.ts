// CIFAR-10: pictures of 32 pixels, enlarged to nothing. The recipe follows BEiT's; what is not published for this size says so.

import { evenUsage } from "./even_usage.ts";
import type { Preset } from "./preset.ts";

export const cifar10Small: Preset = {
  about: "CIFAR-10, downloaded; a small encoder for one GPU",
  recipe: {
    data: { train: { kind: "cifar10" }, heldOut: { kind: "cifar10", split: "test" }, measured: 10_000 },
    logEvery: 50,
    checkpoints: { every: 2000 },
    encoder: { imageSize: 32, patchSize: 4, dim: 384, depth: 12, heads: 6 }, // width and depth of DeiT-S; patches of 4 as usual for CIFAR
    tokenizer: {
      model: { form: "customized", vocab: 512, hidden: 64, codebookDim: 32, layers: 2, residual: false },
      epochs: 30,
      batchSize: 128,
      lr: 5e-3,
      beta2: 0.99,
      clip: 1,
      weightDecay: 1e-4, // DALL-E, A.2
      crop: [0.5, 1],
      ...evenUsage,
    },
    pretrain: {
      epochs: 300,
      batchSize: 256,
      lr: 1.5e-3,
      lrBatch: 2048, // BEiT, table 12, scaled with the batch
      warmupEpochs: 10,
      minBlock: 4, // the published 16 of 196 patches, on 64
      crop: [0.2, 1],
    },
    probe: { train: 10_000, validation: 2000, batchSize: 256 },
    finetune: {
      epochs: 100,
      batchSize: 256,
      lr: 3e-3,
      lrBatch: 512, // BEiT, CIFAR-100: batch 512
      warmupEpochs: 20,
      minLr: 1e-6,
      layerDecay: 0.65,
      weightDecay: 0.3, // BEiT, CIFAR-100
      clip: null,
      mixup: 0.8,
      cutmix: 1,
      erasing: 0.25,
      randAugment: 9,
      arms: ["pretrained", "scratch"],
      labels: [0.01, 0.1, 1],
      crop: [0.2, 1],
    },
  },
};
