// Visual tokenizers of every preset: pictures to token ids, and a full training step (forward, backward, clipped AdamW). And a convolution
// beside the matrix product of the same size, which an implicit product cannot beat.

import { conv2d, linear, randomSource } from "../kernels/mod.ts";
import { gradients } from "../src/gradients.ts";
import { input, makers, type Tensor } from "../src/graph.ts";
import { tokenizer, tokenizerConfig, tokenizerPresets } from "../src/models/tokenizer.ts";
import { parameters } from "../src/nn/parameters.ts";
import { adamw } from "../src/optim/adamw.ts";
import { tokenizerObjective } from "../src/train/tokenizer_objective.ts";
import type { Case } from "./case.ts";

/** Floating-point operations of the convolutions behind `outputs`; the rest of a tokenizer is small beside them. */
export function convolutionFlops(outputs: readonly Tensor[]): number {
  return makers(outputs).reduce((sum, { op, inputs: { w, dy }, outputs: { y } }) => {
    if (op.name === "conv2d") return sum + 2 * y.size * w.size / w.shape[0];
    return op.name === "conv2d_backward_x" ? sum + 2 * dy.size * w.size / w.shape[0] : sum; // forward: a transposed convolution
  }, 0);
}

function model(preset: string, size: number, B: number) {
  const made = tokenizer(tokenizerConfig(tokenizerPresets[preset])), p = parameters(made.params);
  return { made, p, pictures: input("pictures", [B, 3, size, size]) };
}

function encoding(preset: string, size: number, B: number): Case {
  const build = () => {
    const { made, p, pictures } = model(preset, size, B);
    return { ids: made.ids(p, pictures) };
  };
  return {
    name: `tokenizer ${preset} encode`,
    shape: `${size}, batch ${B}`,
    pictures: B,
    get flops() {
      return convolutionFlops([build().ids]);
    },
    build,
  };
}

function training(preset: string, size: number, B: number): Case {
  const forward = () => {
    const { made, p, pictures } = model(preset, size, B);
    return { made, p, ...tokenizerObjective(made, p, pictures, randomSource()) };
  };
  return {
    name: `tokenizer ${preset} training`,
    shape: `${size}, batch ${B}`,
    pictures: B,
    get flops() {
      return 3 * convolutionFlops([forward().loss]);
    },
    values: {
      pictures: (i) => i * 7919 % 256 / 255,
      temperature: () => 1,
      "kl.weight": () => 1,
      "usage.weight": () => 1,
      random: () => 1,
      "adamw.scalars": () => 1e-4,
    },
    build(): Record<string, Tensor> {
      const { made, p, loss } = forward(), { updates } = adamw(p, gradients(loss, Object.values(p)), { table: made.params, clip: 1 });
      return { loss, ...Object.fromEntries(updates.map((t, i) => [`update ${i}`, t])) };
    },
  };
}

export const tokenizers: Case[] = [
  ...[encoding, training].flatMap((kind) => [
    kind("tiny", 32, 16),
    kind("customized-tiny", 32, 16),
    kind("small", 112, 2),
    ...["base", "dalle", "customized-base"].flatMap((preset) => [kind(preset, 112, 1), kind(preset, 112, 16)]),
  ]),
  {
    name: "matmul of conv 3x3's size",
    shape: "(12544, 1152) (128, 1152)",
    flops: 2 * 12544 * 1152 * 128,
    build: () => ({ y: linear(input("x", [12544, 1152]), input("w", [128, 1152])) }),
  },
  {
    name: "conv 1x1 to the vocabulary",
    shape: "(4, 256, 14, 14) to 8192",
    flops: 2 * 4 * 196 * 256 * 8192,
    build: () => ({ y: conv2d(input("x", [4, 256, 14, 14]), input("w", [8192, 256, 1, 1])) }),
  },
  {
    name: "matmul of conv 1x1's size",
    shape: "(784, 256) (8192, 256)",
    flops: 2 * 784 * 256 * 8192,
    build: () => ({ y: linear(input("x", [784, 256]), input("w", [8192, 256])) }),
  },
];
