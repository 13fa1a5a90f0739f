// The default: pictures that the program draws, a network for a machine without a GPU, every stage in a few minutes. Every number here
// that no paper has was tuned on two CPU cores.

import type { Preset } from "./preset.ts";

export const mosaicsTiny: Preset = {
  about: "mosaics drawn by the program; all stages in a few minutes without a GPU",
  recipe: {
    data: {
      train: { kind: "mosaics", size: 64, length: 4000 },
      heldOut: { kind: "mosaics", size: 64, length: 1000, split: "test" },
      measured: 500,
    },
    // 64 patches; the tokenizer sees the same crop at 32 pixels, as BEiT's sees 112 of 224.
    encoder: { imageSize: 64, patchSize: 8, dim: 64, depth: 5, heads: 4, dropPath: 0, pooling: "class-token" }, // whose kNN was above the mean's
    tokenizer: {
      model: { form: "customized", vocab: 256, hidden: 64, codebookDim: 32, layers: 2, residual: false },
      steps: 350,
      batchSize: 16,
      lr: 5e-3,
      beta2: 0.99, // few updates: 0.999 would look back over all of them
      clip: 1,
      weightDecay: 1e-4,
      crop: [0.5, 1],
      temperature: [1, 0.5],
      kl: 0,
      usage: 1,
    },
    pretrain: { steps: 500, batchSize: 32, lr: 3e-3, minBlock: 4, crop: [0.5, 1] },
    probe: { train: 1400, validation: 400 },
    finetune: {
      steps: 150,
      batchSize: 32,
      lr: 1e-3,
      arms: ["pretrained", "scratch"],
      labels: [0.1],
      layerDecay: 0.8,
      crop: [0.5, 1],
    },
  },
};
