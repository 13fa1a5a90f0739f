// BERT (Devlin et al. 2018) with the heads of BERT and SpanBERT (Joshi et al. 2019): parameters under Hugging Face's names, and the encoder.

import { add, dropout, gather, layerNorm, type Random, slice } from "../../kernels/mod.ts";
import { ShapeError } from "../errors.ts";
import { reshape, type Tensor } from "../graph.ts";
import { truncatedNormalInitial } from "../nn/initial.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import { linearParams, normParams, postNormBlock, postNormParams } from "../nn/post_norm_block.ts";
import type { Params } from "../nn/transformer.ts";
import type { BertConfig } from "./bert_config.ts";

/**
 * Every parameter of the encoder and of the heads that the configuration names: shape, start value.
 *
 * ```ts
 * import { bertConfig, bertParams } from "../../mod.ts";
 * const config = bertConfig({ vocab: 50, dim: 16, depth: 1, heads: 2, positions: 8 });
 * console.assert(bertParams(config)["bert.embeddings.word_embeddings.weight"].shape.join() === "50,16");
 * ```
 */
export function bertParams(config: BertConfig): Record<string, ParamSpec> {
  const { vocab: V, dim: C, depth, hidden = 4 * C, positions, segments, initial, masked, boundary, classes } = config;
  const weight = truncatedNormalInitial(initial, 2 * initial); // within two standard deviations, as the published code has it
  const embedding = (name: string, rows: number, size = C): Record<string, ParamSpec> => ({
    [name]: { shape: [rows, size], init: weight },
  });
  const bias = (name: string): Record<string, ParamSpec> => ({ [name]: { shape: [V], init: 0 } });
  const span = "cls.pair_target_predictions";
  return {
    ...embedding("bert.embeddings.word_embeddings.weight", V),
    ...embedding("bert.embeddings.position_embeddings.weight", positions),
    ...embedding("bert.embeddings.token_type_embeddings.weight", segments),
    ...normParams("bert.embeddings.LayerNorm", C),
    ...Object.assign({}, ...Array.from({ length: depth }, (_, l) => postNormParams(blockName(l), { dim: C, hidden, weight }))),
    ...masked && {
      ...bias("cls.predictions.bias"),
      ...linearParams("cls.predictions.transform.dense", C, C, weight),
      ...normParams("cls.predictions.transform.LayerNorm", C),
    },
    ...boundary && {
      ...bias(`${span}.bias`),
      ...embedding(`${span}.position_embeddings.weight`, boundary.targets, boundary.size),
      ...linearParams(`${span}.mlp_layer_norm.linear1`, C, 2 * C + boundary.size, weight),
      ...normParams(`${span}.mlp_layer_norm.layer_norm1`, C),
      ...linearParams(`${span}.mlp_layer_norm.linear2`, C, C, weight),
      ...normParams(`${span}.mlp_layer_norm.layer_norm2`, C),
    },
    ...classes && { ...linearParams("bert.pooler.dense", C, C, weight), ...linearParams("classifier", classes, C, weight) },
  };
}

const blockName = (l: number) => `bert.encoder.layer.${l}.`;

/** Texts as the encoder reads them. */
export interface BertInputs {
  /** u32 (B, T) numbers of tokens. */
  tokens: Tensor;
  /** f32 (B, T) 1 for a real token, 0 for padding; absent: there is none. */
  keys?: Tensor;
  /** u32 (B, T); absent: all of segment 0. */
  segments?: Tensor;
}

/** What an encoder makes of texts. */
export interface EncodedText {
  /** (B, T, C): [0] the embeddings, [l] after block l. */
  blocks: Tensor[];
  B: number;
  T: number;
  keys?: Tensor;
}

/**
 * The encoder. `random` turns on dropout (training): of the embeddings and of each branch, not of the attention's weights.
 *
 * @throws ShapeError for texts longer than the table of positions.
 *
 * ```ts
 * import { bert, bertConfig, bertParams, input, parameters } from "../../mod.ts";
 * const config = bertConfig({ vocab: 50, dim: 16, depth: 1, heads: 2, positions: 8 }), tokens = input("tokens", [2, 8], "u32");
 * const { blocks } = bert(parameters(bertParams(config)), { tokens, keys: input("keys", [2, 8]) }, config);
 * console.assert(blocks.length === 2 && blocks[1].shape.join() === "2,8,16");
 * ```
 */
export function bert(
  p: Params,
  { tokens, keys, segments }: BertInputs,
  config: BertConfig,
  { random }: { random?: Random } = {},
): EncodedText {
  const [B, T] = tokens.shape, { dim: C, heads, normEps: eps, depth } = config;
  if (tokens.shape.length !== 2 || T > config.positions) {
    throw new ShapeError(`bert: ${tokens} is not (B, T) with T up to ${config.positions}, the model's positions; cut the texts`);
  }
  const table = (name: string) => p[`bert.embeddings.${name}_embeddings.weight`];
  const types = segments ? gather(table("token_type"), segments) : slice(table("token_type"), 0, 0, 1);
  const sum = add(add(gather(table("word"), tokens), slice(table("position"), 0, 0, T)), types);
  const norm = layerNorm(reshape(sum, [B * T, C]), p["bert.embeddings.LayerNorm.weight"], p["bert.embeddings.LayerNorm.bias"], eps);
  const drop = random && config.dropout > 0 ? { rate: config.dropout, random } : undefined;
  const states = [drop ? dropout(norm, drop.rate, drop.random) : norm];
  for (let l = 0; l < depth; l++) {
    states.push(postNormBlock(p, blockName(l), states[l], { heads, tokens: T, eps, keys, dropout: drop }));
  }
  return { blocks: states.map((x) => reshape(x, [B, T, C])), B, T, keys };
}
