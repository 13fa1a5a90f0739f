// The table of what is timed, op by op; each line gives the work of one run.

import { add, attention, conv2d, crossEntropy, layerNorm, linear, matmul } from "../kernels/mod.ts";
import { input, type Tensor } from "../src/graph.ts";
import type { Case } from "./case.ts";
import { models } from "./models.ts";
import { tokenizers } from "./tokenizers.ts";

const product = (M: number, K: number, N: number): Case => ({
  name: `matmul ${M}x${K}x${N}`,
  shape: `(${M}, ${K}) (${N}, ${K})`,
  flops: 2 * M * K * N,
  build: () => ({ y: linear(input("x", [M, K]), input("w", [N, K])) }),
});

/** Layers one after the other, since what comes from outside and what goes there lies in f32. */
const chain = (layers: number, rows: number, width: number, f16: boolean): Case => ({
  name: f16 ? "matmul chain f16" : "matmul chain",
  shape: `${layers} x (${rows}, ${width}) (${width}, ${width})`,
  flops: layers * 2 * rows * width * width,
  f16,
  build() {
    let y: Tensor = input("x", [rows, width]);
    for (let i = 0; i < layers; i++) y = linear(y, input(`w${i}`, [width, width]));
    return { y };
  },
});

export const matmulCase = product(788, 768, 768);

/** What a device's memory allows: one read and one write a value. */
export const copy: Case = {
  name: "copy",
  shape: "(4096, 1024)",
  bytes: 2 * 4 * 4096 * 1024,
  build: () => ({ y: add(input("x", [4096, 1024]), input("zero", [1])) }),
};

/** 600 dispatches that do next to nothing: what a replay costs by itself. */
const replay: Case = {
  name: "replay 600 dispatches",
  shape: "(64)",
  build() {
    let y: Tensor = input("x", [64]);
    for (let i = 0; i < 600; i++) y = add(y, y);
    return { y };
  },
};

export const cases: Case[] = [
  copy,
  matmulCase,
  product(196, 768, 3072),
  product(4096, 4096, 4096),
  chain(6, 788, 768, false),
  chain(6, 788, 768, true),
  {
    name: "matmul batched",
    shape: "12 x (197, 64) (64, 197)",
    flops: 2 * 12 * 197 * 197 * 64,
    build: () => ({ y: matmul(input("a", [12, 197, 64]), input("b", [12, 64, 197])) }),
  },
  {
    name: "attention",
    shape: "197 x 12 x 64, batch 32",
    flops: 4 * 32 * 12 * 197 * 197 * 64,
    build: () => ({ y: attention(input("qkv", [32 * 197, 3 * 768]), { heads: 12, tokens: 197, bias: input("bias", [12, 197, 197]) }) }),
  },
  {
    name: "layer norm",
    shape: "(6304, 768)",
    bytes: 2 * 4 * 6304 * 768,
    build: () => ({ y: layerNorm(input("x", [6304, 768]), input("gamma", [768]), input("beta", [768])) }),
  },
  {
    name: "conv 3x3",
    shape: "(4, 128, 56, 56) to 128",
    flops: 2 * 4 * 128 * 128 * 9 * 56 * 56,
    build: () => ({ y: conv2d(input("x", [4, 128, 56, 56]), input("w", [128, 128, 3, 3]), { padding: 1 }) }),
  },
  {
    name: "cross-entropy",
    shape: "(600, 8192)",
    bytes: 4 * 600 * 8192,
    values: { labels: (i) => i % 8192 },
    build: () => ({ loss: crossEntropy(input("logits", [600, 8192]), input("labels", [600], "u32")) }),
  },
  replay,
  ...models,
  ...tokenizers,
];
