// Pictures through an encoder: what the probe, and pre-training on request, judge it by.

import { draws } from "../../data/random.ts";
import { collect, encoderFeatures, type Features } from "../../evaluate/mod.ts";
import type { Tensor } from "../../graph.ts";
import type { BeitConfig } from "../../models/beit_config.ts";
import type { Program } from "../../program.ts";
import { batchesOf, countOf, type Pictures } from "../data.ts";
import type { StageContext } from "../stage.ts";
import { heldOutView } from "./views.ts";

export interface PassOptions {
  /** Blocks whose features are wanted; all if absent. */
  blocks?: number[];
  /** Called with labels and pixels of each batch. */
  each?: (labels: number[], pixels: Uint8Array) => void;
  /** A program whose weights `p` are. */
  share?: Program;
}

/** Features by block and pooling of all pictures of the sets, one after the other, without places that are empty. */
export async function featuresOf(
  { device, recipe, workers }: StageContext,
  p: Readonly<Record<string, Tensor>>,
  config: BeitConfig,
  sets: Pictures[],
  { blocks, each = () => {}, share }: PassOptions = {},
): Promise<Record<string, Features>> {
  const { probe: { batchSize }, data: { mean, std, onError } } = recipe, size = imageSide(config.imageSize), bytes = size * size * 3;
  const encoder = await encoderFeatures(device, p, config, { batchSize, mean, std, blocks, share });
  const order = { batchSize, shuffle: false, last: "pad", epochs: 1, state: { seed: recipe.seed, epoch: 0, position: 0 } } as const;
  async function* batches() {
    for (const set of sets) {
      await using loader = batchesOf(set, { ...order, preparation: heldOutView(size), onError, workers: Math.min(workers, 1) });
      for await (const { views: [{ pixels }], weights, labels } of loader) {
        const places = [...weights.keys()].filter((i) => weights[i] > 0), kept = new Uint8Array(places.length * bytes);
        places.forEach((place, i) => kept.set(pixels.subarray(place * bytes, (place + 1) * bytes), i * bytes));
        each(places.map((place) => labels[place]), kept);
        yield { count: places.length, pixels: kept };
      }
    }
  }
  try {
    return await collect(batches(), (batch) => encoder.extract(batch));
  } finally {
    encoder.destroy();
  }
}

export interface ProbedPictures {
  /** Of the training set, first those to learn from, then those that choose; in random order: sets often have their classes in a row. */
  training: Pictures;
  train: number;
  validation: number;
}

/** The training pictures of a probe. */
export function probedPictures({ recipe: { probe, seed }, data }: Pick<StageContext, "recipe" | "data">): ProbedPictures {
  const total = countOf(data.train), train = Math.min(probe.train, Math.max(1, Math.floor(total * 0.8)));
  const validation = Math.min(probe.validation, total - train);
  const places = draws({ seed, epoch: 0, index: 0 }, "probe").permutation(total).subarray(0, train + validation);
  return { training: { ...data.train, only: places.map((place) => data.train.only?.[place] ?? place) }, train, validation };
}

export const imageSide = (size: BeitConfig["imageSize"]): number => typeof size === "number" ? size : size[0];
