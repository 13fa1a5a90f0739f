// Whole models: the vision transformers that the BEiT paper starts from, forward and as a full training step (forward, backward, clipped AdamW).

import { crossEntropy, multiply } from "../kernels/mod.ts";
import { gradients } from "../src/gradients.ts";
import { input, type Tensor } from "../src/graph.ts";
import { beit, beitParams } from "../src/models/beit.ts";
import { type BeitConfig, beitConfig, hiddenSize, presets, windowOf } from "../src/models/beit_config.ts";
import { classLogits } from "../src/models/beit_heads.ts";
import { parameters, type ParamSpec } from "../src/nn/parameters.ts";
import { adamw, newLossScale } from "../src/optim/adamw.ts";
import type { Case, Growing } from "./case.ts";

const plain = { vocab: undefined, classes: 1000, relativePositions: "none", absolutePositions: true, layerScale: null } as const;

/** Floating-point operations of the products of one picture's forward pass. */
export function forwardFlops(config: BeitConfig): number {
  const { dim: C, depth, patchSize, channels, classes = 0 } = config, [height, width] = windowOf(config), N = height * width, T = N + 1;
  const block = T * (4 * C * C + 2 * C * hiddenSize(config)) + 2 * T * T * C;
  return 2 * (N * channels * patchSize ** 2 * C + depth * block + C * classes);
}

/** One start value for all: drawing those of ViT-B would take longer than a step. */
const alike = (table: Record<string, ParamSpec>) =>
  Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, { ...spec, init: 0.01 }]));

/** "recomputed": a training step that keeps the blocks' inputs only and makes the rest a second time; "f16": one with a loss scale. */
type Step = "forward" | "training" | "training f16" | "training recomputed";

function vit(name: string, preset: keyof typeof presets, B: number, step: Step): Case {
  const config = beitConfig({ ...presets[preset], ...plain });
  return {
    name: `${name} ${step}`,
    shape: `224, batch ${B}`,
    pictures: B,
    // Without what is computed twice: the share is of the work that brings a step on.
    flops: B * forwardFlops(config) * (step === "forward" ? 1 : 3),
    f16: step === "training f16",
    values: { labels: (i) => i % 1000, "adamw.scalars": () => 1e-4 },
    build(): Record<string, Tensor> {
      const table = beitParams(config), p = parameters(alike(table)), pictures = input("pictures", [B, 3, 224, 224]);
      const encoded = beit(p, pictures, config), logits = classLogits(p, encoded, config);
      if (step === "forward") return { logits };
      const loss = crossEntropy(logits, input("labels", [B], "u32"));
      const lossScale = step === "training f16" ? newLossScale() : undefined, scaled = lossScale ? multiply(loss, lossScale.scale) : loss;
      const grads = gradients(scaled, Object.values(p), undefined, step === "training recomputed" ? encoded.blocks : undefined);
      const { updates } = adamw(p, grads, { table, clip: 3, lossScale });
      return { loss, ...Object.fromEntries(updates.map((t, i) => [`update ${i}`, t])) };
    },
  };
}

const sizes = [["ViT-Tiny/16", "tiny"], ["ViT-B/16", "base"]] as const;
/** A small model's step fits anywhere: it is recomputed nowhere. */
export const growing: Growing[] = sizes.flatMap(([name, preset]) =>
  (["forward", "training", "training f16", "training recomputed"] as const)
    .filter((step) => preset === "base" || step !== "training recomputed")
    .map((step): Growing => ({ name: `${name} ${step}`, at: (B) => vit(name, preset, B, step) }))
);

export const models: Case[] = growing.flatMap(({ at }) => [at(1), at(8)]);
