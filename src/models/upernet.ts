// Semantic segmentation with a BEiT as unilm/beit/semantic_segmentation has it: four blocks' outputs as a pyramid, the UPerNet head over
// them (Xiao et al. 2018), and a small head over the third that helps training. Names are mmsegmentation's.

import {
  adaptiveAvgPool,
  add,
  concat,
  conv2d,
  convTranspose2d,
  dropPath,
  gelu,
  maxPool,
  permute,
  type Random,
  resize,
  slice,
} from "../../kernels/mod.ts";
import { z } from "npm:zod@4.6.7";
import { RecipeError, ShapeError } from "../errors.ts";
import { reshape, type Tensor } from "../graph.ts";
import { parseWith, strictObject } from "../schema.ts";
import { convNorm, convNormParams, convNormStatistics, normalise, normParams, normStatistics } from "../nn/conv_norm.ts";
import { normalInitial, uniformInitial } from "../nn/initial.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import type { Params } from "../nn/transformer.ts";
import type { Encoded } from "./beit.ts";

const count = (description: string) => z.int().positive().meta({ description });

export const UpernetConfig = strictObject(() => ({
  dim: count("C, channels of the encoder's tokens"),
  classes: count("that pixels belong to"),
  taps: z.array(z.int().min(0)).length(4)
    .meta({ description: "whose output the pyramid is made of: l is block l counted from 1, 0 the embeddings; see officialTaps()" }),
  channels: count("inside the head; dim if absent").optional(),
  poolScales: z.array(z.int().positive()).min(1).max(100).default([1, 2, 3, 6]).meta({ description: "sides of the pooled maps" }),
  dropout: z.number().min(0).lt(1).default(0.1).meta({ description: "rate at which whole channels are left out before the classes" }),
  auxiliary: z.strictObject({
    channels: count("inside").default(256),
    convolutions: z.int().min(0).max(1000).default(1).meta({ description: "before the classes" }),
    concatInput: z.boolean().default(false).meta({ description: "a further convolution sees their input and output" }),
    lossWeight: z.number().positive().default(0.4).meta({ description: "of its loss beside the head's" }),
  }).nullable().default({ channels: 256, convolutions: 1, concatInput: false, lossWeight: 0.4 })
    .meta({ description: "the head over the third map that helps training; null: there is none" }),
}));
/** Sizes of the UPerNet head, defaults filled in; `upernetConfig()` makes and checks it. */
export type UpernetConfig = z.infer<ReturnType<typeof UpernetConfig>>;
/** As it may be written: fields with a default may be absent. */
export type UpernetOptions = z.input<ReturnType<typeof UpernetConfig>>;

/**
 * The configuration with its defaults filled in. Throws RecipeError with every fault by name; `where` is how its message begins.
 *
 * ```ts
 * import { upernetConfig } from "../../mod.ts";
 * console.assert(upernetConfig({ dim: 768, classes: 150, taps: [4, 6, 8, 12] }).auxiliary?.lossWeight === 0.4);
 * ```
 */
export function upernetConfig(options: unknown, where = "upernet"): UpernetConfig {
  return parseWith(UpernetConfig(), options, (faults) => new RecipeError(`${where}: ${faults}`));
}

/** The official taps: after a third, a half, two thirds and all of the blocks (4, 6, 8, 12 of 12; 8, 12, 16, 24 of 24). */
export function officialTaps(depth: number): [number, number, number, number] {
  return [1 / 3, 1 / 2, 2 / 3, 1].map((part) => Math.max(1, Math.round(part * depth))) as [number, number, number, number];
}

/**
 * Every parameter: shape and start value.
 *
 * ```ts
 * import { upernetConfig, upernetParams } from "../../mod.ts";
 * const config = upernetConfig({ dim: 16, classes: 3, taps: [1, 1, 1, 1], channels: 8, auxiliary: null });
 * console.assert(upernetParams(config)["decode_head.conv_seg.weight"].shape.join() === "3,8,1,1");
 * ```
 */
export function upernetParams(config: UpernetConfig): Record<string, ParamSpec> {
  const { dim: C, classes, channels: K = C, auxiliary } = config;
  const up = (name: string): Record<string, ParamSpec> => {
    const init = uniformInitial(1 / Math.sqrt(4 * C)); // torch's default
    return { [`${name}.weight`]: { shape: [C, C, 2, 2], init }, [`${name}.bias`]: { shape: [C], init } };
  };
  const table: Record<string, ParamSpec> = { ...up("fpn1.0"), ...normParams("fpn1.1", C), ...up("fpn1.3"), ...up("fpn2.0") };
  for (const [name, inner, out, side] of units(config)) Object.assign(table, convNormParams(name, inner, out, side));
  return {
    ...table,
    ...classifierParams("decode_head.conv_seg", K, classes),
    ...auxiliary &&
      classifierParams("auxiliary_head.conv_seg", auxiliary.convolutions || auxiliary.concatInput ? auxiliary.channels : C, classes),
  };
}

/**
 * The running statistics of the batch normalisations, which no optimizer touches: for `statistics()`, beside the parameters.
 *
 * ```ts
 * import { upernetConfig, upernetStatistics } from "../../mod.ts";
 * const config = upernetConfig({ dim: 16, classes: 3, taps: [1, 1, 1, 1], channels: 8, auxiliary: null });
 * console.assert(upernetStatistics(config)["fpn1.1.running_mean"].shape.join() === "16");
 * ```
 */
export function upernetStatistics(config: UpernetConfig): Record<string, ParamSpec> {
  const table = normStatistics("fpn1.1", config.dim);
  for (const [name, , out] of units(config)) Object.assign(table, convNormStatistics(name, out));
  return table;
}

/** A 1x1 convolution to the classes. */
export function classifierParams(name: string, inner: number, classes: number): Record<string, ParamSpec> {
  return {
    [`${name}.weight`]: { shape: [classes, inner, 1, 1], init: normalInitial(0.01) }, // mmsegmentation's start
    [`${name}.bias`]: { shape: [classes], init: 0 },
  };
}

/** Name, channels in, channels out, and side of every unit of convolution, normalisation and ReLU. */
function units({ dim: C, channels: K = C, poolScales, auxiliary }: UpernetConfig): [string, number, number, number][] {
  const { channels: A = 0, convolutions = 0, concatInput = false } = auxiliary ?? {};
  return [
    ...poolScales.map((_, i): [string, number, number, number] => [`decode_head.psp_modules.${i}.1`, C, K, 1]),
    ["decode_head.bottleneck", C + poolScales.length * K, K, 3],
    ...[0, 1, 2].map((i): [string, number, number, number] => [`decode_head.lateral_convs.${i}`, C, K, 1]),
    ...[0, 1, 2].map((i): [string, number, number, number] => [`decode_head.fpn_convs.${i}`, K, K, 3]),
    ["decode_head.fpn_bottleneck", 4 * K, K, 3],
    ...Array.from({ length: convolutions }, (_, i): [string, number, number, number] => [`auxiliary_head.convs.${i}`, i ? A : C, A, 3]),
    ...concatInput ? [["auxiliary_head.conv_cat", C + A, A, 3] as [string, number, number, number]] : [],
  ];
}

/** Scores for pixels, and what a training updates beside its parameters. */
export interface Segmented {
  /** (B, classes, 4 h, 4 w) for a window of h x w patches: a score for each class at a quarter of a 16-pixel patch's side. */
  logits: Tensor;
  /** (B, classes, h, w), of the head that helps training. */
  auxiliary?: Tensor;
  /** Of the running statistics, for compile(); none in evaluation. */
  updates: Tensor[];
}

/** Whether the head is in training. */
export interface UpernetRun {
  /** In training: normalisation with the batch's statistics, and dropped channels. */
  random?: Random;
}

/**
 * Scores of an encoded picture's pixels. `p` has the parameters and the running statistics. Throws ShapeError where a tap is beyond the
 * last block.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, input, parameters, upernet, upernetConfig, upernetParams, upernetStatistics } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 });
 * const head = upernetConfig({ dim: 16, classes: 3, taps: [1, 1, 1, 1], channels: 8, auxiliary: null });
 * const p = parameters({ ...beitParams(config), ...upernetParams(head), ...upernetStatistics(head) });
 * console.assert(upernet(p, beit(p, input("pictures", [2, 3, 32, 32]), config), head).logits.shape.join() === "2,3,16,16");
 * ```
 */
export function upernet(
  p: Params,
  encoded: Pick<Encoded, "blocks" | "window">,
  config: UpernetConfig,
  { random }: UpernetRun = {},
): Segmented {
  const updates: Tensor[] | undefined = random && [];
  const maps = pyramid(p, tapped(encoded, config.taps), updates);
  const dropped = (x: Tensor) => random ? dropPath(x, config.dropout, random, x.shape[0] * x.shape[1]) : x; // channels as samples: Dropout2d
  const scores = (name: string, x: Tensor) => conv2d(dropped(x), p[`${name}.weight`], { bias: p[`${name}.bias`] });
  return {
    logits: scores("decode_head.conv_seg", decode(p, maps, config, updates)),
    auxiliary: config.auxiliary ? scores("auxiliary_head.conv_seg", assist(p, maps[2], config.auxiliary, updates)) : undefined,
    updates: updates ?? [],
  };
}

/** The patches of the tapped blocks as maps (B, C, h, w). */
export function tapped({ blocks, window: [h, w] }: Pick<Encoded, "blocks" | "window">, taps: readonly number[]): Tensor[] {
  return taps.map((l) => {
    if (!blocks[l]) throw new ShapeError(`upernet: there is no block ${l} to tap, the model has ${blocks.length - 1}; give others`);
    const [B, , C] = blocks[l].shape;
    return reshape(permute(slice(blocks[l], 1, 1), [0, 2, 1]), [B, C, h, w]);
  });
}

/** Maps of four, two, one and half times the side, out of four of the same side. */
function pyramid(p: Params, [first, second, third, fourth]: Tensor[], updates?: Tensor[]): Tensor[] {
  const up = (name: string, x: Tensor) => convTranspose2d(x, p[`${name}.weight`], { bias: p[`${name}.bias`], stride: 2 });
  return [up("fpn1.3", gelu(normalise(p, "fpn1.1", up("fpn1.0", first), updates))), up("fpn2.0", second), third, maxPool(fourth)];
}

/** The UPerNet head without its classes: pooled context into the coarsest map, then from coarse to fine, then all side by side. */
function decode(p: Params, maps: Tensor[], { poolScales }: UpernetConfig, updates?: Tensor[]): Tensor {
  const unit = (name: string, x: Tensor) => convNorm(p, `decode_head.${name}`, x, updates);
  const like = (x: Tensor, other: Tensor) => resize(x, [other.shape[2], other.shape[3]], "bilinear");
  const coarsest = maps[3];
  const pooled = poolScales.map((side, i) => like(unit(`psp_modules.${i}.1`, adaptiveAvgPool(coarsest, [side, side])), coarsest));
  const laterals = [0, 1, 2].map((i) => unit(`lateral_convs.${i}`, maps[i]));
  laterals.push(unit("bottleneck", concat([coarsest, ...pooled], 1)));
  for (let i = 2; i >= 0; i--) laterals[i] = add(laterals[i], like(laterals[i + 1], laterals[i]));
  const levels = laterals.map((x, i) => like(i < 3 ? unit(`fpn_convs.${i}`, x) : x, laterals[0]));
  return unit("fpn_bottleneck", concat(levels, 1));
}

function assist(p: Params, x: Tensor, { convolutions, concatInput }: NonNullable<UpernetConfig["auxiliary"]>, updates?: Tensor[]): Tensor {
  let y = x;
  for (let i = 0; i < convolutions; i++) y = convNorm(p, `auxiliary_head.convs.${i}`, y, updates);
  return concatInput ? convNorm(p, "auxiliary_head.conv_cat", concat([x, y], 1), updates) : y;
}
