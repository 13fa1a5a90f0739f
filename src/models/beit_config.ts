// What a BEiT is made of: one definition for type, check, default and help; and the published sizes.

import { z } from "npm:zod@4.6.7";
import { RecipeError } from "../errors.ts";
import { parseWith, strictObject } from "../schema.ts";
import type { Window } from "./relative_position.ts";

const count = (description: string) => z.int().positive().meta({ description });

export const BeitConfig = strictObject(() => ({
  imageSize: z.union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])]).default(224)
    .meta({ description: "pixels per side, or [height, width]" }),
  patchSize: count("pixels per side of one token").default(16),
  channels: count("of a picture").default(3),
  dim: count("C, channels of a token"),
  depth: count("L, blocks").max(1000),
  heads: count("NH; divides dim"),
  mlpRatio: z.number().positive().default(4).meta({ description: "width of the MLP as a multiple of dim" }),
  absolutePositions: z.boolean().default(false).meta({ description: "learned embeddings added to the tokens" }),
  relativePositions: z.enum(["shared", "per-block", "none"]).default("shared")
    .meta({ description: "bias of the attention: one table for all blocks (pre-training), one a block (fine-tuning), none" }),
  layerScale: z.number().positive().nullable().default(0.1).meta({
    description: "start value of gamma_1 and gamma_2; null: there are none",
  }),
  dropPath: z.number().min(0).lt(1).default(0.1).meta({ description: "rate at the last block; linear from 0 at the first" }),
  pooling: z.enum(["mean", "class-token"]).default("mean").meta({ description: "what stands for the whole picture" }),
  normEps: z.number().positive().default(1e-6).meta({ description: "of every layer norm; 1e-12 in Hugging Face's configurations" }),
  targets: z.enum(["tokens", "pixels"]).default("tokens").meta({ description: "what is predicted at masked patches" }),
  vocab: count("V, visual tokens that the masked image modeling head tells apart; absent: no such head").optional(),
  aggregation: z.strictObject({
    earlyBlock: count("the block whose patches meet the last block's class token; 9 of base, 21 of large"),
    blocks: count("that follow").max(1000).default(2),
    sharedHead: z.boolean().default(true).meta({ description: "one norm and head for both predictions" }),
  }).nullable().default(null).meta({
    description: "BEiT v2's second prediction, which makes the class token sum up the picture; null: none",
  }),
  classes: count("that the classification head tells apart; absent: no such head").optional(),
}), (config, context) => {
  const wrong = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  const { patchSize, dim, heads, mlpRatio } = config, [height, width] = sidesOf(config.imageSize);
  for (const side of new Set([height, width])) {
    if (side % patchSize) wrong("patchSize", `patchSize ${patchSize} does not divide imageSize ${side}; choose a divisor`);
  }
  if (dim % heads) wrong("heads", `heads ${heads} does not divide dim ${dim}; choose a divisor`);
  if (!Number.isInteger(hiddenOf(dim, mlpRatio))) wrong("mlpRatio", `mlpRatio ${mlpRatio} of dim ${dim} is no whole number of channels`);
  if (config.aggregation && config.aggregation.earlyBlock > config.depth) {
    wrong("aggregation", `earlyBlock ${config.aggregation.earlyBlock} lies beyond depth ${config.depth}; choose an earlier one`);
  }
  if (config.aggregation && !config.vocab) wrong("aggregation", "aggregation predicts tokens and needs vocab; give vocab or leave it out");
  if (config.targets === "pixels" && config.vocab) wrong("vocab", `vocab ${config.vocab} has no use when targets are pixels; leave it out`);
});
/** Everything that a BEiT is made of, defaults filled in; `beitConfig()` makes and checks it. */
export type BeitConfig = z.infer<ReturnType<typeof BeitConfig>>;
/** As it may be written: fields with a default may be absent. */
export type BeitOptions = z.input<ReturnType<typeof BeitConfig>>;

const base = { dim: 768, depth: 12, heads: 12, vocab: 8192 } satisfies BeitOptions;

/** The published sizes, for pre-training at 224 with the DALL-E vocabulary; tiny and small have the widths of DeiT. */
export const presets = {
  tiny: { ...base, dim: 192, heads: 3 },
  small: { ...base, dim: 384, heads: 6 },
  base,
  large: { ...base, dim: 1024, depth: 24, heads: 16, layerScale: 1e-5 }, // 1e-5: the authors' value for large
} satisfies Record<string, BeitOptions>;

/**
 * The configuration with its defaults filled in. Throws RecipeError with every fault by name; `where` is how its message begins.
 *
 * ```ts
 * const config = beitConfig({ ...presets.tiny, imageSize: 96, patchSize: 8 });
 * console.assert(config.layerScale === 0.1 && windowOf(config)[0] === 12);
 * ```
 */
export function beitConfig(options: unknown, where = "beit"): BeitConfig {
  return parseWith(BeitConfig(), options, (faults) => new RecipeError(`${where}: ${faults}`));
}

/**
 * Patches in a column and in a row.
 *
 * ```ts
 * import {  } from "../../mod.ts";
 * console.assert([...windowOf({ imageSize: 224, patchSize: 16 })].join() === "14,14");
 * ```
 */
export function windowOf({ imageSize, patchSize }: Pick<BeitConfig, "imageSize" | "patchSize">): Window {
  const [height, width] = sidesOf(imageSize);
  return [height / patchSize, width / patchSize];
}

/** Whether it predicts something at masked patches: it then has a mask token and a last norm over all tokens. */
export function isMasked({ vocab, targets }: Pick<BeitConfig, "vocab" | "targets">): boolean {
  return vocab !== undefined || targets === "pixels";
}

/** Channels inside the MLP. */
export function hiddenSize({ dim, mlpRatio }: Pick<BeitConfig, "dim" | "mlpRatio">): number {
  return hiddenOf(dim, mlpRatio);
}

/** A ratio of two whole numbers may miss the whole number by rounding. */
function hiddenOf(dim: number, ratio: number): number {
  const exact = dim * ratio, whole = Math.round(exact);
  return Math.abs(exact - whole) < 1e-6 ? whole : exact;
}

function sidesOf(size: BeitConfig["imageSize"]): [number, number] {
  return typeof size === "number" ? [size, size] : size;
}
