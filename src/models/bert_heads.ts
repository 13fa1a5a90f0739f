// What BERT is trained for and used as: masked tokens, the tokens of a span from its borders, classes, embeddings.

import {
  add,
  concat,
  crossEntropyAndAccuracy,
  divide,
  gather,
  layerNorm,
  linear,
  multiply,
  slice,
  subtract,
  sum,
  tanh,
} from "../../kernels/mod.ts";
import { RecipeError } from "../errors.ts";
import { constant, reshape, type Tensor } from "../graph.ts";
import type { Params } from "../nn/transformer.ts";
import type { EncodedText } from "./bert.ts";
import type { BertConfig } from "./bert_config.ts";

/**
 * Logits (M, V) of the tokens at `rows` u32 (M): b * T + t. The decoder is the table of the word embeddings.
 *
 * ```ts
 * import { bert, bertConfig, bertParams, input, maskedTokenLogits, parameters } from "../../mod.ts";
 * const config = bertConfig({ vocab: 50, dim: 16, depth: 1, heads: 2, positions: 8 }), p = parameters(bertParams(config));
 * const encoded = bert(p, { tokens: input("tokens", [2, 8], "u32") }, config);
 * console.assert(maskedTokenLogits(p, encoded, input("rows", [3], "u32"), config).shape.join() === "3,50");
 * ```
 */
export function maskedTokenLogits(p: Params, encoded: EncodedText, rows: Tensor, { normEps }: Pick<BertConfig, "normEps">): Tensor {
  const head = (name: string) => p[`cls.predictions.${name}`];
  const h = linear(gather(flat(encoded), rows), head("transform.dense.weight"), { bias: head("transform.dense.bias"), activation: "gelu" });
  return decoded(p, layerNorm(h, head("transform.LayerNorm.weight"), head("transform.LayerNorm.bias"), normEps), head("bias"));
}

/** Tokens of spans, each known by the borders of its span: all u32 (M). */
export interface SpanPlaces {
  /** Rows b * T + t of the tokens before and behind the span. */
  left: Tensor;
  right: Tensor;
  /** Place within the span, from 0. */
  offset: Tensor;
}

/**
 * Logits (M, V) of tokens within spans, from the spans' borders and the place alone (span boundary objective).
 *
 * ```ts
 * import { bert, bertConfig, bertParams, boundaryLogits, input, parameters } from "../../mod.ts";
 * const config = bertConfig({ vocab: 50, dim: 16, depth: 1, heads: 2, positions: 8, boundary: { targets: 4, size: 8 } }), p = parameters(bertParams(config));
 * const encoded = bert(p, { tokens: input("tokens", [2, 8], "u32") }, config), of = (name: string) => input(name, [3], "u32");
 * console.assert(boundaryLogits(p, encoded, { left: of("left"), right: of("right"), offset: of("offset") }, config).shape.join() === "3,50");
 * ```
 */
export function boundaryLogits(
  p: Params,
  encoded: EncodedText,
  { left, right, offset }: SpanPlaces,
  { normEps }: Pick<BertConfig, "normEps">,
): Tensor {
  const head = (name: string) => p[`cls.pair_target_predictions.${name}`], rows = flat(encoded);
  const place = gather(head("position_embeddings.weight"), offset);
  let h = concat([gather(rows, left), gather(rows, right), place], 1);
  for (const i of [1, 2]) {
    const layer = (name: string) => head(`mlp_layer_norm.${name}`);
    h = linear(h, layer(`linear${i}.weight`), { bias: layer(`linear${i}.bias`), activation: "gelu" });
    h = layerNorm(h, layer(`layer_norm${i}.weight`), layer(`layer_norm${i}.bias`), normEps);
  }
  return decoded(p, h, head("bias"));
}

/**
 * Loss and accuracy of masked tokens: the mean over rows of weight 1. `targets` u32 (M), `weights` f32 (M).
 *
 * ```ts
 * import { constant, interpret, maskedTokenLoss } from "../../mod.ts";
 * const logits = constant("logits", [2, 2], [0, 0, 9, 0]), targets = constant("targets", [2], [1, 0], "u32");
 * const { loss, accuracy } = maskedTokenLoss(logits, targets, constant("weights", [2], [0, 1])); // the first row does not count
 * const [nats, share] = interpret([loss, accuracy]);
 * console.assert(nats[0] < 0.001 && share[0] === 1);
 * ```
 */
export function maskedTokenLoss(logits: Tensor, targets: Tensor, weights: Tensor): { loss: Tensor; accuracy: Tensor } {
  return crossEntropyAndAccuracy(logits, targets, { weights });
}

/**
 * Loss of the span boundary objective: the sum over rows of weight 1, divided by their number and one, as SpanBERT's code has it.
 *
 * ```ts
 * import { boundaryLoss, constant, interpret } from "../../mod.ts";
 * const logits = constant("logits", [1, 2], [0, 0]), targets = constant("targets", [1], [1], "u32");
 * const [nats] = interpret([boundaryLoss(logits, targets, constant("weights", [1], [1])).loss]);
 * console.assert(Math.abs(nats[0] - Math.log(2) / 2) < 1e-6);
 * ```
 */
export function boundaryLoss(logits: Tensor, targets: Tensor, weights: Tensor): { loss: Tensor; accuracy: Tensor } {
  const { loss, accuracy } = crossEntropyAndAccuracy(logits, targets, { weights, reduction: "sum" });
  return { loss: divide(loss, add(sum(weights), constant("one", [1], [1]))), accuracy };
}

/** tanh(dense(class token)) (B, C), or of the mean of tokens: what the classifier reads. */
export function pooledText(p: Params, encoded: EncodedText, { pooling }: Pick<BertConfig, "pooling">): Tensor {
  return tanh(
    linear(textEmbedding(encoded, { block: -1, pool: pooling }), p["bert.pooler.dense.weight"], { bias: p["bert.pooler.dense.bias"] }),
  );
}

/**
 * Logits (B, classes).
 *
 * ```ts
 * import { bert, bertConfig, bertParams, input, parameters, textClassLogits } from "../../mod.ts";
 * const config = bertConfig({ vocab: 50, dim: 16, depth: 1, heads: 2, positions: 8, classes: 3 }), p = parameters(bertParams(config));
 * console.assert(textClassLogits(p, bert(p, { tokens: input("tokens", [2, 8], "u32") }, config), config).shape.join() === "2,3");
 * ```
 */
export function textClassLogits(p: Params, encoded: EncodedText, config: Pick<BertConfig, "pooling">): Tensor {
  return linear(pooledText(p, encoded, config), p["classifier.weight"], { bias: p["classifier.bias"] });
}

export interface TextEmbeddingOptions {
  /** Which of `encoded.blocks`: 0 the embeddings, l after block l; negative from the end. */
  block: number;
  /** The class token, or the mean over all that is no padding. */
  pool: "class-token" | "mean";
}

/**
 * Embeddings (B, C). @throws RecipeError for a block that is not there.
 *
 * ```ts
 * import { bert, bertConfig, bertParams, input, parameters, textEmbedding } from "../../mod.ts";
 * const config = bertConfig({ vocab: 50, dim: 16, depth: 1, heads: 2, positions: 8 }), p = parameters(bertParams(config));
 * const encoded = bert(p, { tokens: input("tokens", [2, 8], "u32"), keys: input("keys", [2, 8]) }, config);
 * console.assert(textEmbedding(encoded, { block: -1, pool: "mean" }).shape.join() === "2,16");
 * ```
 */
export function textEmbedding({ blocks, keys, B, T }: EncodedText, { block, pool }: TextEmbeddingOptions): Tensor {
  const x = blocks.at(block);
  if (!x) throw new RecipeError(`embedding: there is no block ${block}; give ${-blocks.length} to ${blocks.length - 1}`);
  if (pool === "class-token") return classToken(x);
  const one = constant("one", [1], [1]), real = keys ? reshape(keys, [B, T]) : constant("real", [B, T], new Float32Array(B * T).fill(1));
  // An empty place of a batch has no real token: its mean is 0 and not 0 / 0.
  const count = add(sum(real, [1]), subtract(one, reshape(slice(real, 1, 0, 1), [B])));
  return divide(sum(multiply(x, reshape(real, [B, T, 1])), [1]), reshape(count, [B, 1]));
}

const flat = ({ blocks, B, T }: EncodedText) => reshape(blocks.at(-1)!, [B * T, -1]);

/** The first token of each text, (B, C). */
const classToken = (x: Tensor) => reshape(slice(x, 1, 0, 1), [x.shape[0], x.shape[2]]);

const decoded = (p: Params, h: Tensor, bias: Tensor) => linear(h, p["bert.embeddings.word_embeddings.weight"], { bias });
