// What segmentation heads share: the loss over pixels, and the light head, one linear layer over the normalised patches of a block.

import { add, conv2d, crossEntropyAndAccuracy, layerNorm, multiply, permute, resize } from "../../kernels/mod.ts";
import { ShapeError } from "../errors.ts";
import { constant, reshape, type Tensor } from "../graph.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import type { Params } from "../nn/transformer.ts";
import type { Encoded } from "./beit.ts";
import { classifierParams, type Segmented, tapped } from "./upernet.ts";

/** Sizes of the light head: a norm and one linear layer over the patches of a block. */
export interface LinearSegmentation {
  /** C, channels of the encoder's tokens. */
  dim: number;
  /** That pixels belong to. */
  classes: number;
  /** Whose patches are looked at, counted from 1. */
  block: number;
  /** Of the norm; 1e-6 if absent. */
  normEps?: number;
}

/**
 * Every parameter of the light head.
 *
 * ```ts
 * import { linearSegmentationParams } from "../../mod.ts";
 * console.assert(linearSegmentationParams({ dim: 16, classes: 3, block: 1 })["decode_head.conv_seg.weight"].shape.join() === "3,16,1,1");
 * ```
 */
export function linearSegmentationParams({ dim: C, classes }: LinearSegmentation): Record<string, ParamSpec> {
  return {
    "decode_head.norm.weight": { shape: [C], init: 1 },
    "decode_head.norm.bias": { shape: [C], init: 0 },
    ...classifierParams("decode_head.conv_seg", C, classes),
  };
}

/**
 * Scores (B, classes, h, w), one for each patch; a loss or a picture brings them to the size of the pixels.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, input, linearSegmentation, linearSegmentationParams, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 }), head = { dim: 16, classes: 3, block: 1 };
 * const p = parameters({ ...beitParams(config), ...linearSegmentationParams(head) });
 * const { logits } = linearSegmentation(p, beit(p, input("pictures", [2, 3, 32, 32]), config), head);
 * console.assert(logits.shape.join() === "2,3,4,4");
 * ```
 */
export function linearSegmentation(p: Params, encoded: Pick<Encoded, "blocks" | "window">, config: LinearSegmentation): Segmented {
  const { block, normEps = 1e-6 } = config, x = encoded.blocks[block];
  const normal = x && layerNorm(x, p["decode_head.norm.weight"], p["decode_head.norm.bias"], normEps);
  const [map] = tapped({ blocks: encoded.blocks.map((other, l) => l === block ? normal : other), window: encoded.window }, [block]);
  return { logits: conv2d(map, p["decode_head.conv_seg.weight"], { bias: p["decode_head.conv_seg.bias"] }), updates: [] };
}

/**
 * Scores (B, K, h, w) for the pixels of a picture of the given size: bilinear, as they are compared with labels.
 *
 * ```ts
 * import { input, pixelScores } from "../../mod.ts";
 * console.assert(pixelScores(input("scores", [2, 3, 4, 4]), [32, 32]).shape.join() === "2,3,32,32");
 * ```
 */
export function pixelScores(scores: Tensor, size: readonly [number, number]): Tensor {
  return resize(scores, size, "bilinear");
}

/** What a segmentation's training minimises, and how well it does. */
export interface PixelLoss {
  /** With the auxiliary head's part in it. */
  loss: Tensor;
  /** Share of the counted pixels whose largest score is their label's. */
  accuracy: Tensor;
}

/**
 * Mean cross-entropy over the pixels that count. labels u32 (B, H, W), weights f32 (B, H, W) from `pixelWeights()`; the scores are resized
 * to (H, W) first. `auxiliaryWeight` is of the auxiliary head's loss, where there is one.
 *
 * ```ts
 * import { constant, interpret, pixelWeights, segmentationLoss } from "../../mod.ts";
 * const logits = constant("logits", [1, 2, 1, 1], [0, 0]), labels = [0, 1, 1, 255], weights = pixelWeights(labels); // 255: unlabelled
 * const { loss } = segmentationLoss(
 *   { logits, updates: [] },
 *   constant("labels", [1, 2, 2], labels, "u32"),
 *   constant("weights", [1, 2, 2], weights),
 * );
 * console.assert(Math.abs(interpret([loss])[0][0] - Math.log(2)) < 1e-6);
 * ```
 */
export function segmentationLoss({ logits, auxiliary }: Segmented, labels: Tensor, weights: Tensor, auxiliaryWeight = 0.4): PixelLoss {
  const [B, H, W] = labels.shape;
  if (labels.shape.length !== 3 || weights.size !== labels.size || B !== logits.shape[0]) {
    throw new ShapeError(`segmentationLoss: ${labels} and ${weights} do not go with ${logits}; both must be (${logits.shape[0]}, H, W)`);
  }
  const of = (scores: Tensor) => {
    const rows = reshape(permute(pixelScores(scores, [H, W]), [0, 2, 3, 1]), [B * H * W, scores.shape[1]]);
    return crossEntropyAndAccuracy(rows, reshape(labels, [rows.shape[0]]), { weights: reshape(weights, [rows.shape[0]]) });
  };
  const { loss, accuracy } = of(logits);
  if (!auxiliary) return { loss, accuracy };
  return { loss: add(loss, multiply(of(auxiliary).loss, constant("auxiliary weight", [1], [auxiliaryWeight]))), accuracy };
}

/**
 * 1 for each pixel that takes part in the loss, 0 where the label is `ignored`.
 *
 * ```ts
 * import { pixelWeights } from "../../mod.ts";
 * console.assert(pixelWeights([0, 255, 7]).join() === "1,0,1");
 * ```
 */
export function pixelWeights(labels: ArrayLike<number>, ignored = 255): Float32Array {
  return Float32Array.from(labels, (label) => label === ignored ? 0 : 1);
}
