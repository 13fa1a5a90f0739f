// BEiT-B as published. Sources: [paper] Bao et al. 2021, arXiv 2106.08254; [code] microsoft/unilm beit; [DALL-E] Ramesh et al. 2021.

import type { Preset } from "./preset.ts";

export const imagenetBase: Preset = {
  about: "BEiT-B/16 on ImageNet with the published hyper-parameters; data.train.path is the folder of its training pictures",
  recipe: {
    data: {
      train: { kind: "image_folder", path: "imagenet/train" },
      heldOut: { kind: "image_folder", path: "imagenet/val" },
      measured: 50_000,
    },
    logEvery: 50,
    checkpoints: { every: 5000 },
    // [code] the released models ("BEiT+"): shared relative positions, layer scale 0.1, no absolute positions
    encoder: { imageSize: 224, patchSize: 16, dim: 768, depth: 12, heads: 12, layerScale: 0.1, dropPath: 0.1 },
    tokenizer: {
      model: { form: "dalle", vocab: 8192, hidden: 256, initial: 128, groups: 4, blocks: 2 }, // [DALL-E] A.1
      steps: 3_000_000, // [DALL-E] A.2
      batchSize: 512, // [DALL-E] A.2: 64 GPUs with 8 pictures
      accumulation: 64,
      lr: 1e-4, // [DALL-E] A.2
      minLr: 1.25e-6, // [DALL-E] A.2
      weightDecay: 1e-4, // [DALL-E] A.2
      clip: null,
      ema: 0.999, // [DALL-E] A.2
      temperature: [1, 1 / 16], // [DALL-E] A.2
      temperatureSteps: 150_000, // [DALL-E] A.2
      kl: 6.6, // [DALL-E] A.2
      klSteps: 5000, // [DALL-E] A.2
    },
    pretrain: {
      epochs: 800, // [paper] table 12
      batchSize: 2048, // [paper] table 12
      accumulation: 64,
      lr: 1.5e-3, // [paper] table 12
      lrBatch: 2048,
      minLr: 1e-5, // [paper] table 12
      warmupEpochs: 10, // [paper] table 12
      weightDecay: 0.05, // [paper] table 12
      beta2: 0.999, // [paper] table 12
      clip: 3, // [paper] table 12
      masked: 75 / 196, // [code] 75 of 196 patches
      minBlock: 16, // [paper] section 2.3
      jitter: 0.4, // [code] datasets.py
      crop: [0.08, 1], // [code] transforms.py
    },
    probe: { train: 50_000, validation: 10_000, batchSize: 64 },
    finetune: {
      epochs: 100, // [paper] table 13
      batchSize: 1024, // [paper] table 13
      accumulation: 16,
      lr: 4e-3, // [paper] table 13: best of 2e-3 to 5e-3; [code] README
      lrBatch: 1024,
      minLr: 1e-6, // [paper] table 13
      warmupEpochs: 20, // [paper] table 13
      weightDecay: 0.05, // [paper] table 13
      layerDecay: 0.65, // [paper] table 13
      clip: null, // [paper] table 13
      smoothing: 0.1, // [paper] table 13
      mixup: 0.8, // [paper] table 13
      cutmix: 1, // [paper] table 13
      erasing: 0.25, // [paper] table 13
      randAugment: 9, // [paper] table 13
    },
  },
};
