// A plain vision transformer classifier (Dosovitskiy et al. 2020): patches, learned positions, pre-norm blocks, mean of tokens, head.

import { add, attention, layerNorm, linear, mean, unfold } from "../../kernels/mod.ts";
import { RecipeError } from "../errors.ts";
import { reshape, type Tensor } from "../graph.ts";
import { truncatedNormalInitial, uniformInitial } from "../nn/initial.ts";
import type { ParamSpec } from "../nn/parameters.ts";

export interface VitConfig {
  /** Pixels a side; a multiple of patchSize. */
  imageSize: number;
  patchSize: number;
  dim: number;
  depth: number;
  /** NH; divides dim. */
  heads: number;
  classes: number;
}

export const vitTiny: Omit<VitConfig, "imageSize" | "classes"> = { patchSize: 4, dim: 64, depth: 3, heads: 4 };

/** Every parameter: shape, start value, weight decay. */
export function vitParams({ imageSize, patchSize, dim: C, depth, heads, classes }: VitConfig): Record<string, ParamSpec> {
  if (imageSize % patchSize) throw new RecipeError(`vit: patchSize ${patchSize} does not divide imageSize ${imageSize}; choose a divisor`);
  if (C % heads) throw new RecipeError(`vit: heads ${heads} does not divide dim ${C}; choose a divisor`);
  // Xavier's spread, as the paper's code has it: BEiT's 0.02 would be too small at this width.
  const weight = (out: number, inner: number): ParamSpec => ({ shape: [out, inner], init: uniformInitial(Math.sqrt(6 / (out + inner))) });
  const bias = (n: number): ParamSpec => ({ shape: [n], init: 0 });
  const norm = (name: string): Record<string, ParamSpec> => ({ [`${name}.weight`]: { shape: [C], init: 1 }, [`${name}.bias`]: bias(C) });
  const table: Record<string, ParamSpec> = {
    "patch_embed.proj.weight": weight(C, 3 * patchSize ** 2),
    "patch_embed.proj.bias": bias(C),
    "pos_embed": { shape: [(imageSize / patchSize) ** 2, C], init: truncatedNormalInitial(0.2, 0.4), decay: false },
  };
  for (let l = 0; l < depth; l++) {
    Object.assign(
      table,
      norm(`blocks.${l}.norm1`),
      { [`blocks.${l}.attn.qkv.weight`]: weight(3 * C, C), [`blocks.${l}.attn.qkv.bias`]: bias(3 * C) },
      { [`blocks.${l}.attn.proj.weight`]: weight(C, C), [`blocks.${l}.attn.proj.bias`]: bias(C) },
      norm(`blocks.${l}.norm2`),
      { [`blocks.${l}.mlp.fc1.weight`]: weight(4 * C, C), [`blocks.${l}.mlp.fc1.bias`]: bias(4 * C) },
      { [`blocks.${l}.mlp.fc2.weight`]: weight(C, 4 * C), [`blocks.${l}.mlp.fc2.bias`]: bias(C) },
    );
  }
  return Object.assign(table, norm("norm"), { "head.weight": weight(classes, C), "head.bias": bias(classes) });
}

/** Logits (B, classes) of pictures (B, 3, H, W). */
export function vit(p: Record<string, Tensor>, pictures: Tensor, { patchSize, dim: C, depth, heads }: VitConfig): Tensor {
  const B = pictures.shape[0], T = p.pos_embed.shape[0];
  const patches = linear(unfold(pictures, patchSize), p["patch_embed.proj.weight"], { bias: p["patch_embed.proj.bias"] });
  let x = reshape(add(reshape(patches, [B, T, C]), p.pos_embed), [B * T, C]);
  for (let l = 0; l < depth; l++) {
    const w = (name: string) => p[`blocks.${l}.${name}`];
    const qkv = linear(layerNorm(x, w("norm1.weight"), w("norm1.bias")), w("attn.qkv.weight"), { bias: w("attn.qkv.bias") });
    x = linear(attention(qkv, { heads, tokens: T }), w("attn.proj.weight"), { bias: w("attn.proj.bias"), residual: x });
    const h = linear(layerNorm(x, w("norm2.weight"), w("norm2.bias")), w("mlp.fc1.weight"), {
      bias: w("mlp.fc1.bias"),
      activation: "gelu",
    });
    x = linear(h, w("mlp.fc2.weight"), { bias: w("mlp.fc2.bias"), residual: x });
  }
  const tokens = reshape(layerNorm(x, p["norm.weight"], p["norm.bias"]), [B, T, C]);
  return linear(mean(tokens, [1]), p["head.weight"], { bias: p["head.bias"] });
}
