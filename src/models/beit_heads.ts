// What is read off an encoded picture: tokens or pixels of masked patches, classes, embeddings.

import { concat, gather, layerNorm, linear, mean, slice, tokenRows } from "../../kernels/mod.ts";
import { ShapeError } from "../errors.ts";
import { reshape, type Tensor } from "../graph.ts";
import { type Params, required } from "../nn/transformer.ts";
import { dropPathRates, type Encoded } from "./beit.ts";
import type { BeitConfig } from "./beit_config.ts";

/**
 * Logits (M, V) of visual tokens at the patches `rows` u32 (M), numbered b * N + n. They are gathered before the product with the
 * vocabulary, so only masked patches cost. Where a batch has fewer, fill up with any number and give weight 0 in the loss.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, input, maskedLogits, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 32, depth: 2, heads: 2, vocab: 64 }), p = parameters(beitParams(config));
 * const encoded = beit(p, input("pictures", [2, 3, 32, 32]), config, { mask: input("mask", [2, 16]) });
 * console.assert(maskedLogits(p, encoded, input("rows", [12], "u32"), config).shape.join() === "12,64");
 * ```
 */
export function maskedLogits(p: Params, encoded: Encoded, rows: Tensor, config: BeitConfig): Tensor {
  return predictions(p, encoded.blocks[encoded.blocks.length - 1], encoded, rows, config, "norm", "lm_head");
}

/**
 * Pixels (M, channels * p * p) at the patches `rows`, of a model whose targets are pixels. As `maskedLogits`.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, input, maskedPixels, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2, targets: "pixels" }), p = parameters(beitParams(config));
 * const encoded = beit(p, input("pictures", [2, 3, 32, 32]), config, { mask: input("mask", [2, 16]) });
 * console.assert(maskedPixels(p, encoded, input("rows", [12], "u32"), config).shape.join() === "12,192");
 * ```
 */
export function maskedPixels(p: Params, encoded: Encoded, rows: Tensor, config: BeitConfig): Tensor {
  return predictions(p, encoded.blocks[encoded.blocks.length - 1], encoded, rows, config, "norm", "pixel_head");
}

/**
 * BEiT v2's second prediction (Peng et al. 2022): the last block's class token with the patches of an early block, through blocks of
 * its own. Its loss is added to that of `maskedLogits`.
 *
 * ```ts
 * import { aggregatedLogits, beit, beitConfig, beitParams, input, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2, vocab: 64, aggregation: { earlyBlock: 1 } });
 * const p = parameters(beitParams(config)), encoded = beit(p, input("pictures", [2, 3, 32, 32]), config, { mask: input("mask", [2, 16]) });
 * console.assert(aggregatedLogits(p, encoded, input("rows", [12], "u32"), config).shape.join() === "12,64");
 * ```
 */
export function aggregatedLogits(p: Params, encoded: Encoded, rows: Tensor, config: BeitConfig): Tensor {
  const { aggregation, depth, dropPath } = config, { blocks } = encoded;
  if (!aggregation) throw new ShapeError("aggregatedLogits: the model has no aggregation; give it in its configuration");
  const { earlyBlock, blocks: extra, sharedHead } = aggregation;
  const rates = dropPathRates(dropPath, Math.max(depth, earlyBlock + extra));
  let x = concat([slice(blocks[depth], 1, 0, 1), slice(blocks[earlyBlock], 1, 1)], 1);
  for (let l = 0; l < extra; l++) x = encoded.block(x, `cls_pt_layers.${l}.`, rates[earlyBlock + l]);
  const [norm, head] = sharedHead ? ["norm", "lm_head"] : ["cls_pt_norm", "cls_pt_lm_head"];
  return predictions(p, x, encoded, rows, config, norm, head);
}

function predictions(
  p: Params,
  x: Tensor,
  { B, T }: Encoded,
  rows: Tensor,
  { normEps }: BeitConfig,
  norm: string,
  head: string,
): Tensor {
  const tokens = gather(reshape(x, [B * T, -1]), tokenRows(rows, T - 1));
  return linear(layerNorm(tokens, required(p, `${norm}.weight`), p[`${norm}.bias`], normEps), required(p, `${head}.weight`), {
    bias: p[`${head}.bias`],
  });
}

/**
 * Logits (B, classes) of whole pictures.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, classLogits, input, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 32, depth: 2, heads: 2, classes: 10 }), p = parameters(beitParams(config));
 * console.assert(classLogits(p, beit(p, input("pictures", [4, 3, 32, 32]), config), config).shape.join() === "4,10");
 * ```
 */
export function classLogits(p: Params, encoded: Encoded, config: BeitConfig): Tensor {
  return linear(features(p, encoded, config), required(p, "head.weight"), { bias: p["head.bias"] });
}

/**
 * What the classification head sees, (B, C): the normalised mean of patches, or the class token of the normalised last block.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, features, input, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2, classes: 3 }), p = parameters(beitParams(config));
 * console.assert(features(p, beit(p, input("pictures", [2, 3, 32, 32]), config), config).shape.join() === "2,16");
 * ```
 */
export function features(p: Params, encoded: Encoded, { pooling, normEps }: BeitConfig): Tensor {
  const name = pooling === "mean" ? "fc_norm" : "norm";
  return layerNorm(embedding(encoded, { pool: pooling }), required(p, `${name}.weight`), p[`${name}.bias`], normEps);
}

/** Which block, and how its tokens become one vector. */
export interface EmbeddingOptions {
  /** 0 the embeddings, l after block l; the last if absent. */
  block?: number;
  /** "both": class token, then mean. "dense": every patch, (B, N, C). */
  pool?: "class-token" | "mean" | "both" | "dense";
}

/**
 * The embedding of each picture, (B, C), (B, 2 * C) for both, as it leaves a block: without a norm.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, embedding, input, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 32, depth: 4, heads: 2 }), pictures = input("pictures", [2, 3, 32, 32]);
 * const encoded = beit(parameters(beitParams(config)), pictures, config);
 * console.assert(embedding(encoded, { block: 3, pool: "both" }).shape.join() === "2,64");
 * console.assert(embedding(encoded, { block: 3, pool: "dense" }).shape.join() === "2,16,32");
 * ```
 */
export function embedding({ blocks }: Encoded, { block = blocks.length - 1, pool = "mean" }: EmbeddingOptions = {}): Tensor {
  if (!(block in blocks)) throw new ShapeError(`embedding: there is no block ${block}; choose one from 0 to ${blocks.length - 1}`);
  const x = blocks[block], [B, , C] = x.shape;
  const classToken = () => reshape(slice(x, 1, 0, 1), [B, C]), patches = () => slice(x, 1, 1);
  switch (pool) {
    case "class-token":
      return classToken();
    case "mean":
      return mean(patches(), [1]);
    case "both":
      return concat([classToken(), mean(patches(), [1])], 1);
    case "dense":
      return patches();
  }
}
