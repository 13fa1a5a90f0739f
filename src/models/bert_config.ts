// What a BERT is made of: one definition for type, check, default and help; and the published sizes.

import { z } from "npm:zod@4.6.7";
import { RecipeError } from "../errors.ts";
import { parseWith, strictObject } from "../schema.ts";

const count = (description: string) => z.int().positive().meta({ description });

export const BertConfig = strictObject(() => ({
  vocab: count("V, tokens of the vocabulary").default(30522),
  dim: count("C, channels of a token"),
  depth: count("L, blocks").max(1000),
  heads: count("NH; divides dim"),
  hidden: count("channels inside the MLP; four times dim if absent").optional(),
  positions: count("tokens of the longest text").default(512),
  segments: count("kinds of text that a token may be of").default(2),
  dropout: z.number().min(0).lt(1).default(0.1).meta({ description: "rate at the embeddings and at each branch, in training" }),
  initial: z.number().positive().default(0.02).meta({
    description: "standard deviation of the weights' start values; small models learn faster with more",
  }),
  normEps: z.number().positive().default(1e-12).meta({ description: "of every layer norm" }),
  masked: z.boolean().default(true).meta({ description: "whether there is a head that predicts masked tokens" }),
  boundary: z.strictObject({
    targets: count("tokens of a span that are predicted from its borders").default(15),
    size: count("channels of the embedding of a place within the span").default(200),
  }).optional().meta({ description: "SpanBERT's span boundary objective; absent: no such head" }),
  pooling: z.enum(["class-token", "mean"]).default("class-token").meta({
    description: "what the classification head sees of a text: the class token (as published), or the mean of its tokens",
  }),
  classes: count("that the classification head tells apart; absent: no such head").optional(),
}), ({ dim, heads }, context) => {
  if (dim % heads) {
    context.addIssue({ code: "custom", path: ["heads"], message: `heads ${heads} does not divide dim ${dim}; choose a divisor` });
  }
});
/** Everything that a BERT is made of, defaults filled in; `bertConfig()` makes and checks it. */
export type BertConfig = z.infer<ReturnType<typeof BertConfig>>;
/** As it may be written: fields with a default may be absent. */
export type BertOptions = z.input<ReturnType<typeof BertConfig>>;

// Turc et al. 2019, "Well-Read Students Learn Better"; base is Devlin et al. 2018.
export const bertTiny = { dim: 128, depth: 2, heads: 2 } satisfies BertOptions;
export const bertMini = { dim: 256, depth: 4, heads: 4 } satisfies BertOptions;
export const bertSmall = { dim: 512, depth: 4, heads: 8 } satisfies BertOptions;
export const bertBase = { dim: 768, depth: 12, heads: 12 } satisfies BertOptions;

/** The published sizes, with BERT's vocabulary unless a recipe has its own. */
export const bertPresets = { tiny: bertTiny, mini: bertMini, small: bertSmall, base: bertBase };

/**
 * The configuration with its defaults filled in. Throws RecipeError with every fault by name; `where` is how its message begins.
 *
 * ```ts
 * const config = bertConfig({ ...bertTiny, vocab: 4000, positions: 64 });
 * console.assert(config.segments === 2 && config.dropout === 0.1);
 * ```
 */
export function bertConfig(options: unknown, where = "bert"): BertConfig {
  return parseWith(BertConfig(), options, (faults) => new RecipeError(`${where}: ${faults}`));
}
