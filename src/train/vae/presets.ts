// The table of presets for the Gaussian VAE.

import { vaePresets as models } from "../../models/vae.ts";

export interface VaePreset {
  /** One line for `--list`. */
  about: string;
  recipe: Record<string, unknown>;
}

const vaeMnist: VaePreset = {
  about: "a Gaussian VAE with 2 latents on digits: give the folder of MNIST's IDX files as DATA; without, mosaics drawn by the program",
  recipe: {
    data: {
      train: { kind: "mosaics", size: 28, length: 4000 },
      heldOut: { kind: "mosaics", size: 28, length: 1000, split: "test" },
      measured: 10_000,
    },
    logEvery: 20,
    checkpoints: { every: 1000 },
    model: models["mnist-mlp"],
    vae: { epochs: 6, batchSize: 50, lr: 1.5e-3, warmupSteps: 100, weightDecay: 0, clip: null, measureEvery: 1200 },
  },
};

export const vaePresets: Record<string, VaePreset> = { "vae-mnist": vaeMnist };
