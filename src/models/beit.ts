// BEiT (Bao et al. 2021): a vision transformer whose patches may be masked, with absolute or relative positions.

import { embedTokens, gather, linear, type Random, relativeBias, relativePairs, unfold } from "../../kernels/mod.ts";
import { ShapeError } from "../errors.ts";
import { reshape, type Tensor } from "../graph.ts";
import { type BlockOptions, type Params, preNormBlock, required } from "../nn/transformer.ts";
import { type BeitConfig, windowOf } from "./beit_config.ts";
import { relativePositionIndex, relativePositionRows, type Window } from "./relative_position.ts";

export { type BeitInitial, beitParams } from "./beit_params.ts";

export interface BeitOptions {
  /** Where the mask token stands: 1 in (B, N) f32. */
  mask?: Tensor;
  /** The patch whose content stands at each place, u32 (B, N), numbered b * N + n; each its own if absent. */
  source?: Tensor;
  /** Draws the samples that leave out a branch (drop path); absent in evaluation. */
  random?: Random;
}

/** The residual stream through the blocks. */
export interface Encoded {
  /** (B, T, C): [0] the embeddings, [l] after block l of L. */
  blocks: Tensor[];
  B: number;
  /** 1 + patches; the class token is the first. */
  T: number;
  window: Window;
  /** What a block adds to the scores of its attention, (NH, T, T), if anything. */
  bias(prefix: string): Tensor | undefined;
  /** One more block of the same kind, with the given prefix of names and drop path rate: (B, T, C) → (B, T, C). */
  block(x: Tensor, prefix: string, rate: number): Tensor;
}

/**
 * Encodes normalised pictures (B, channels, H, W). Throws ShapeError for pictures of another size than the configuration's.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, beitPresets, input, parameters } from "../../mod.ts";
 * const config = beitConfig({ ...beitPresets.tiny, imageSize: 32 }), pictures = input("pictures", [2, 3, 32, 32]);
 * const { blocks } = beit(parameters(beitParams(config)), pictures, config);
 * console.assert(blocks.length === 13 && String(blocks[12].shape) === "2,5,192");
 * ```
 */
export function beit(p: Params, pictures: Tensor, config: BeitConfig, { mask, source, random }: BeitOptions = {}): Encoded {
  const { patchSize, channels, dim: C, depth, heads, normEps: eps } = config;
  const window = windowOf(config), [B, ...picture] = pictures.shape, N = window[0] * window[1], T = 1 + N;
  const wanted = [channels, window[0] * patchSize, window[1] * patchSize];
  if (picture.join() !== wanted.join()) {
    throw new ShapeError(`beit: ${pictures} are not (B, ${wanted.join(", ")}), the pictures of this model; resize them, or its positions`);
  }
  const pixels = unfold(pictures, patchSize);
  const patches = linear(
    source ? gather(pixels, reshape(source, [B * N])) : pixels, // no gradient reaches the pixels
    reshape(p["patch_embed.proj.weight"], [C, -1]).as("patch_embed.proj.weight"),
    { bias: p["patch_embed.proj.bias"] },
  );
  const embedded = embedTokens(patches, p.cls_token, B, { positions: p.pos_embed, mask, maskToken: mask && required(p, "mask_token") });

  const pairs = config.relativePositions === "none"
    ? undefined
    : relativePairs(relativePositionIndex(window), relativePositionRows(window));
  const shared = config.relativePositions === "shared" ? relativeBias(p["rel_pos_bias.relative_position_bias_table"], pairs!) : undefined;
  const biases = new Map<string, Tensor>();
  const bias = (prefix: string): Tensor | undefined => {
    if (config.relativePositions !== "per-block") return shared;
    if (!biases.has(prefix)) biases.set(prefix, relativeBias(p[`${prefix}attn.relative_position_bias_table`], pairs!));
    return biases.get(prefix);
  };
  const block = (x: Tensor, prefix: string, rate: number): Tensor => {
    const options: BlockOptions = { heads, tokens: T, eps, bias: bias(prefix), drop: random && { rate, random } };
    return reshape(preNormBlock(p, prefix, reshape(x, [B * T, C]), options), [B, T, C]);
  };
  const rates = dropPathRates(config.dropPath, depth), blocks = [reshape(embedded, [B, T, C]).as("embeddings")];
  for (let l = 0; l < depth; l++) blocks.push(block(blocks[l], `blocks.${l}.`, rates[l]).as(`blocks.${l}`));
  return { blocks, B, T, window, bias, block };
}

/** Rate of each block, linear from 0 to that of the last. */
export function dropPathRates(last: number, depth: number): number[] {
  return Array.from({ length: depth }, (_, l) => depth > 1 ? last * l / (depth - 1) : 0);
}
