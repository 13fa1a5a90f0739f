// Every parameter of a BEiT: official name, shape, start value.

import { type Initial, truncatedNormalInitial, uniformInitial } from "../nn/initial.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import { blockParams } from "../nn/transformer.ts";
import { type BeitConfig, hiddenSize, isMasked, windowOf } from "./beit_config.ts";
import { relativePositionRows } from "./relative_position.ts";

export interface BeitInitial {
  /**
   * "pre-training" draws all weights within one standard deviation of 0.02, the patch embedding too; "fine-tuning" within 2 and leaves
   * torch's default to the patch embedding. If absent: fine-tuning where there are classes and nothing is predicted at masked patches.
   */
  initial?: "pre-training" | "fine-tuning";
  /** Factor of the classification head's start values. */
  headScale?: number;
}

/** Standard deviation of weights before truncation. */
const std = 0.02;

/**
 * The table of parameters under official names, with the start values of the official code: what leaves a residual branch of block l
 * (counted from 1) is divided by sqrt(2 l), biases and bias tables are 0. Made for `parameters()`.
 *
 * ```ts
 * import { beitConfig, beitParams, beitPresets } from "../../mod.ts";
 * const table = beitParams(beitConfig({ ...beitPresets.base }));
 * console.assert(Object.keys(table).length === 189 && String(table["lm_head.weight"].shape) === "8192,768");
 * ```
 */
export function beitParams(config: BeitConfig, options: BeitInitial = {}): Record<string, ParamSpec> {
  const { dim: C, depth, heads, patchSize, channels, vocab, classes, aggregation, relativePositions, pooling, targets } = config;
  const masked = isMasked(config),
    pretraining = (options.initial ?? (classes && !masked ? "fine-tuning" : "pre-training")) === "pre-training";
  const window = windowOf(config), rows = relativePositionRows(window), K = channels * patchSize ** 2;
  const normal = truncatedNormalInitial(std, pretraining ? std : 2);
  const vector = (size: number, init: Initial = 0): ParamSpec => ({ shape: [size], init });
  const norm = (name: string) => ({ [`${name}.weight`]: vector(C, 1), [`${name}.bias`]: vector(C) });
  const head = (name: string, size: number, factor = 1) => ({
    [`${name}.weight`]: { shape: [size, C], init: scaled(normal, factor) },
    [`${name}.bias`]: vector(size),
  });
  const token = (T = 1): ParamSpec => ({ shape: [1, T, C], init: normal, decay: false });
  const block = (prefix: string, number: number) =>
    blockParams(prefix, {
      ...{ dim: C, heads, hidden: hiddenSize(config), layerScale: config.layerScale },
      relativeRows: relativePositions === "per-block" ? rows : undefined,
      weight: normal,
      outWeight: scaled(normal, 1 / Math.sqrt(2 * number)),
    });
  const embedding: ParamSpec = {
    shape: [C, channels, patchSize, patchSize],
    init: pretraining ? normal : uniformInitial(1 / Math.sqrt(K)),
  };
  const table: Record<string, ParamSpec> = {
    "cls_token": token(),
    ...masked && { "mask_token": { ...token(), decay: true } },
    ...config.absolutePositions && { "pos_embed": token(1 + window[0] * window[1]) },
    "patch_embed.proj.weight": embedding,
    "patch_embed.proj.bias": vector(C, pretraining ? 0 : uniformInitial(1 / Math.sqrt(K))),
    ...relativePositions === "shared" && { "rel_pos_bias.relative_position_bias_table": { shape: [rows, heads], init: 0 } },
  };
  for (let l = 0; l < depth; l++) Object.assign(table, block(`blocks.${l}.`, l + 1));
  // The official code leaves torch's default to these linear layers; here they start like every other block.
  for (let l = 0; l < (aggregation?.blocks ?? 0); l++) Object.assign(table, block(`cls_pt_layers.${l}.`, aggregation!.earlyBlock + l + 1));
  return {
    ...table,
    ...(masked || pooling === "class-token") && norm("norm"),
    ...aggregation && !aggregation.sharedHead && { ...norm("cls_pt_norm"), ...head("cls_pt_lm_head", vocab!) },
    ...vocab && head("lm_head", vocab),
    ...targets === "pixels" && head("pixel_head", K),
    ...classes && pooling === "mean" && norm("fc_norm"),
    ...classes && head("head", classes, options.headScale ?? 0.001), // 0.001: the authors' init_scale
  };
}

function scaled(init: Initial, factor: number): Initial {
  if (factor === 1 || typeof init !== "function") return init;
  return (draws) => factor * init(draws);
}
