// What the vectors of an encoder are worth while it is pre-trained, without a probe.

import { blockFeatures, chooseBlock } from "../../evaluate/mod.ts";
import type { Tensor } from "../../graph.ts";
import type { BeitConfig } from "../../models/beit_config.ts";
import type { Program } from "../../program.ts";
import type { StageContext } from "../stage.ts";
import { featuresOf, probedPictures } from "./encoder_pictures.ts";

/**
 * kNN accuracy on held-out pictures of the block and pooling that is the best on validation pictures, and of the last block's class token.
 * `p` are the weights of the program `share`.
 */
export async function heldOutKnn(
  context: StageContext,
  p: Readonly<Record<string, Tensor>>,
  config: BeitConfig,
  share: Program,
): Promise<Record<string, number>> {
  const { recipe: { probe: { k, temperature } }, device, data } = context, { training, train, validation } = probedPictures(context);
  const labels: number[] = [];
  const collected = await featuresOf(context, p, config, [training, data.heldOut], { share, each: (batch) => labels.push(...batch) });
  const rows = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i), seen = train + validation;
  const parts = { train: rows(0, train), validation: rows(train, seen), test: rows(seen, labels.length) };
  const options = { device, probes: false, k, temperature };
  const { chosen, lastClassToken } = await chooseBlock(blockFeatures(collected), labels, parts, options);
  return { knn: chosen.knn, knnBlock: chosen.block, ...lastClassToken && { lastClassTokenKnn: lastClassToken.knn } };
}
