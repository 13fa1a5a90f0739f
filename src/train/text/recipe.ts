// The recipe of a training on texts: BERT or SpanBERT pre-trained, fine-tuned, and compared with training from scratch.

import { z } from "npm:zod@4.6.7";
import type { TextMaskOptions } from "../../data/text/mask_text.ts";
import type { TextSource } from "../../data/text/sources/mod.ts";
import { RecipeError } from "../../errors.ts";
import { type BertConfig, BertConfig as Bert, bertConfig } from "../../models/bert_config.ts";
import { pathsOf } from "../recipe/command_line.ts";
import { merge } from "../recipe/merge.ts";
import { Checkpoints } from "../recipe/stages.ts";
import { blocks, training } from "../recipe/training.ts";
import { once, parseWith, strictObject } from "../../schema.ts";
import { textPresets } from "./presets.ts";

const path = () => z.string().min(1), column = () => z.union([z.string(), z.int().min(0)]);
const common = () => ({
  encoding: z.enum(["utf-8", "latin-1"]).optional(),
  empty: z.enum(["fail", "skip"]).optional(),
  classes: z.array(z.string()).optional(),
});

const Texts = once(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("lines"),
      path: z.union([path(), z.array(path())]).optional(),
      files: z.record(z.string(), path()).optional(),
      ...common(),
    }),
    z.strictObject({ kind: z.literal("text_folder"), path: path(), ...common() }),
    z.strictObject({
      kind: z.literal("table"),
      path: path(),
      text: column(),
      class: column().optional(),
      separator: z.string().length(1).optional(),
      ...common(),
    }),
  ]) satisfies z.ZodType<TextSource>
);

const Encoder = strictObject(() => {
  const { vocab: _, positions: __, masked: ___, boundary: ____, classes: _____, ...fields } = Bert().shape;
  return fields;
});

const Pretrain = strictObject(() => ({
  ...training(),
  ...blocks(),
  from: z.string().default("scratch").meta({ description: '"scratch", or a checkpoint to begin with' }),
  mask: z.enum(["tokens", "spans"]).default("tokens").meta({ description: "tokens anywhere (BERT), or spans of whole words (SpanBERT)" }),
  masked: z.number().gt(0).lt(1).default(0.15).meta({ description: "share of the tokens that are masked" }),
  boundary: z.boolean().default(false).meta({ description: "whether tokens of spans are predicted from the spans' borders, too" }),
}));

const Finetune = strictObject(() => ({
  ...training(),
  ...blocks(),
  from: z.string().default("run").meta({ description: '"run": what this run pre-trained; or a checkpoint' }),
  arms: z.array(z.enum(["pretrained", "scratch"])).nonempty().default(["pretrained"]).meta({
    description: "begin with pre-trained weights, with random ones, or compare both under one recipe",
  }),
  labels: z.array(z.number().gt(0).max(1)).nonempty().default([1]).meta({
    description: "shares of the labelled texts, each a training of its own",
  }),
  layerDecay: z.number().gt(0).max(1).default(1).meta({
    description: "factor of the learning rate from each layer to the one below, of pre-trained weights",
  }),
  seeds: z.array(z.int().min(0)).nonempty().default([0]).meta({ description: "one training each; added to the recipe's seed" }),
}));

export const TextRecipe = strictObject(() => ({
  preset: z.string().meta({ description: "what the recipe began with; see --list" }),
  stage: z.enum(["pretrain", "finetune", "all"]).default("all").meta({ description: "one stage, or all in a row" }),
  seed: z.int().min(0).default(0).meta({ description: "of every random draw" }),
  logEvery: z.int().positive().default(10).meta({ description: "updates between lines of the metrics" }),
  data: z.strictObject({
    texts: z.array(Texts()).default([]).meta({ description: "texts to pre-train on, beside the labelled ones" }),
    labelled: Texts().optional().meta({ description: "texts with classes, to fine-tune on" }),
    heldOut: Texts().optional().meta({ description: "labelled texts to measure on; absent: a part of the labelled ones is held back" }),
    heldBack: z.number().gt(0).lt(1).default(0.1).meta({ description: "that part, where heldOut is absent" }),
    measured: z.int().positive().default(2000).meta({ description: "held-out texts that are measured on, at most" }),
    length: z.int().min(3).default(128).meta({ description: "T, tokens of the longest text with [CLS] and [SEP]" }),
    long: z.enum(["fail", "truncate"]).default("truncate").meta({
      description: "longer labelled texts; for pre-training all are cut into windows",
    }),
  }),
  vocabulary: z.strictObject({
    from: z.string().default("train").meta({
      description: '"train": from the texts; or a tokenizer.json, a vocab.txt, or a folder with one',
    }),
    size: z.int().positive().default(8000).meta({ description: "tokens, where it is trained" }),
    lowercase: z.boolean().default(true).meta({ description: "whether capital letters become small ones" }),
  }).prefault({}),
  checkpoints: Checkpoints().prefault({}),
  encoder: Encoder(),
  pretrain: Pretrain().prefault({}),
  finetune: Finetune().prefault({}),
}));
export type TextRecipe = z.infer<ReturnType<typeof TextRecipe>>;

/**
 * The whole recipe behind what is given, as `resolveRecipe` for pictures.
 *
 * @throws RecipeError with every unknown key, wrong value and impossible combination by name; `where` begins its message.
 */
export function resolveTextRecipe(options: { preset?: unknown }, where = "recipe"): TextRecipe {
  const { preset } = options;
  if (typeof preset !== "string" || !Object.hasOwn(textPresets, preset)) {
    throw new RecipeError(
      `${where}: there is no preset ${JSON.stringify(preset)} for texts; choose ${Object.keys(textPresets).join(", ")}`,
    );
  }
  const wrong = (faults: string) => new RecipeError(`${where}: ${faults}`),
    whole = merge({ ...textPresets[preset].recipe, preset }, options);
  const recipe = parseWith(TextRecipe(), whole, wrong, () => pathsOf(TextRecipe())), faults: string[] = [];
  if (!recipe.data.texts.length && !recipe.data.labelled) faults.push("there are no texts; give data.texts or data.labelled");
  if (recipe.pretrain.boundary && recipe.pretrain.mask !== "spans") {
    faults.push("pretrain.boundary needs pretrain.mask spans, not tokens; choose both");
  }
  for (const name of ["pretrain", "finetune"] as const) {
    const { batchSize, accumulation, lr, minLr } = recipe[name];
    if (batchSize % accumulation) {
      faults.push(`${name}.accumulation ${accumulation} does not divide batchSize ${batchSize}; choose a divisor`);
    }
    if (minLr > lr) faults.push(`${name}.minLr ${minLr} is above lr ${lr}; the rate falls from lr to minLr`);
  }
  if (faults.length) throw wrong(faults.join("; "));
  modelOf(recipe, { vocab: 5 }, where);
  return recipe;
}

/** How the texts of a pre-training are masked. */
export const maskOf = ({ pretrain: { mask, masked } }: Pick<TextRecipe, "pretrain">): TextMaskOptions => ({ kind: mask, share: masked });

/** The model of a stage: the recipe's encoder with that stage's heads. */
export function modelOf(
  { encoder, data }: TextRecipe,
  heads: Pick<BertConfig, "vocab"> & Partial<BertConfig>,
  where = "encoder",
): BertConfig {
  return bertConfig({ ...encoder, positions: data.length, ...heads }, where);
}
