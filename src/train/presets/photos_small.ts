// A folder of one's own photos, some hundreds to some ten thousands: `deno task train photos-small FOLDER`.

import { evenUsage } from "./even_usage.ts";
import type { Preset } from "./preset.ts";

export const photosSmall: Preset = {
  about: "a folder of your own photos (give it as DATA); a small encoder at 112 pixels",
  recipe: {
    data: { train: { kind: "folder", path: "photos" }, onError: "skip" },
    logEvery: 20,
    encoder: { imageSize: 112, patchSize: 8, dim: 192, depth: 12, heads: 3 }, // DeiT-Ti's width
    tokenizer: {
      // It sees the crop at 56 pixels: with 4 of them to a token, as BEiT's tokenizer sees 112 of 224.
      model: { form: "customized", vocab: 512, hidden: 64, codebookDim: 32, layers: 2, residual: false },
      steps: 3000,
      batchSize: 16,
      lr: 5e-3,
      beta2: 0.99,
      clip: 1,
      weightDecay: 1e-4, // DALL-E, A.2
      crop: [0.3, 1],
      ...evenUsage,
    },
    pretrain: { steps: 10_000, batchSize: 64, lr: 1.5e-3, lrBatch: 512, jitter: 0.4, crop: [0.2, 1] },
    finetune: { epochs: 30, batchSize: 64, lr: 1e-3, warmupEpochs: 3, clip: null, mixup: 0.8, cutmix: 1, erasing: 0.25, randAugment: 9 },
  },
};
