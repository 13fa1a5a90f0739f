// What a BERT learns, as a graph and the inputs that a batch gives it.

import { add, crossEntropyAndAccuracy, type Random, randomSource } from "../../../kernels/mod.ts";
import { mostPredictions, type TextMaskOptions } from "../../data/text/mask_text.ts";
import type { TextBatch } from "../../data/text/text_batch.ts";
import { DataError } from "../../errors.ts";
import { input, type Tensor } from "../../graph.ts";
import { bert } from "../../models/bert.ts";
import type { BertConfig } from "../../models/bert_config.ts";
import { boundaryLogits, boundaryLoss, maskedTokenLogits, maskedTokenLoss, textClassLogits } from "../../models/bert_heads.ts";
import type { Params } from "../../nn/transformer.ts";
import type { Values } from "../update.ts";

export interface TextShape {
  /** B and T of every batch. */
  batchSize: number;
  length: number;
}

/** A loss (1) and what is logged beside it, each (1), over parameters that may be the model's or their moving average; and the encoder's blocks. */
export type Losses = (p: Params, random?: Random) => { loss: Tensor; values: Record<string, Tensor>; blocks: Tensor[] };

export interface TextObjective {
  losses: Losses;
  /** Feeds dropout; give it to `losses` in training, and seed and step to the program as "random". */
  random: Random;
  /** Inputs of a batch, by name. */
  inputs(batch: TextBatch): Values;
  /** What the loss is the mean of: masked tokens, or texts. */
  count(batch: TextBatch): number;
}

/** Masked tokens, and the span boundary objective of a model that has its head: the losses are added, as SpanBERT's are. */
export function maskedTextObjective(config: BertConfig, { batchSize: B, length: T }: TextShape, mask: TextMaskOptions): TextObjective {
  const texts = textInputs(B, T), M = B * mostPredictions(T, mask);
  const numbers = (name: string) => input(name, [M], "u32"), marks = (name: string) => input(name, [M]);
  const masked = { rows: numbers("rows"), targets: numbers("targets"), weights: marks("target weights") };
  const span = { left: numbers("left"), right: numbers("right"), offset: numbers("offset") }, bounded = marks("bounded");
  return {
    random: randomSource(),
    losses(p, random): ReturnType<Losses> {
      const encoded = bert(p, texts, config, { random });
      const tokens = maskedTokenLoss(maskedTokenLogits(p, encoded, masked.rows, config), masked.targets, masked.weights);
      if (!config.boundary) return { loss: tokens.loss, values: { accuracy: tokens.accuracy }, blocks: encoded.blocks };
      const borders = boundaryLoss(boundaryLogits(p, encoded, span, config), masked.targets, bounded);
      return {
        loss: add(tokens.loss, borders.loss),
        values: {
          accuracy: tokens.accuracy,
          maskedLoss: tokens.loss,
          boundaryLoss: borders.loss,
          boundaryAccuracy: borders.accuracy,
        },
        blocks: encoded.blocks,
      };
    },
    inputs: ({ tokens, keys, masked }) => {
      const { rows, targets, weights, left, right, offset, bounded } = masked!;
      return { tokens, keys, rows, targets, "target weights": weights, ...config.boundary && { left, right, offset, bounded } };
    },
    count: ({ masked }) => total(masked!.weights),
  };
}

/** Classes of whole texts. */
export function textClassObjective(config: BertConfig, { batchSize: B, length: T }: TextShape): TextObjective {
  const texts = textInputs(B, T), labels = input("labels", [B], "u32"), weights = input("weights", [B]), classes = config.classes!;
  return {
    random: randomSource(),
    losses(p, random) {
      const encoded = bert(p, texts, config, { random });
      const { loss, accuracy } = crossEntropyAndAccuracy(textClassLogits(p, encoded, config), labels, { weights });
      return { loss, values: { accuracy }, blocks: encoded.blocks };
    },
    inputs: ({ tokens, keys, labels, weights, names }) => ({
      tokens,
      keys,
      weights,
      labels: Uint32Array.from(labels, (label, i) => {
        if (weights[i] > 0 && !(label >= 0 && label < classes)) {
          throw new DataError(`${names[i]}: has label ${label}, there are ${classes} classes; give labelled texts`);
        }
        return Math.max(0, label);
      }),
    }),
    count: ({ weights }) => total(weights),
  };
}

const total = (values: Float32Array) => values.reduce((a, b) => a + b, 0);

const textInputs = (B: number, T: number) => ({ tokens: input("tokens", [B, T], "u32"), keys: input("keys", [B, T]) });
