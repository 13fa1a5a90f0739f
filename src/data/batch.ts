// One batch from its plan: read, decode, augment. A pure function of (data set, recipe, plan), so that a batch can be made anywhere and
// made again.
import { DataError } from "../errors.ts";
import { augment, type Augmentation, drawPlan } from "./augment.ts";
import { evaluationView } from "./augment/evaluation.ts";
import type { DataSet } from "./datasets/mod.ts";
import { decode, type DecodeOptions } from "./decode.ts";
import type { BatchPlan } from "./order.ts";
import type { Box, Picture } from "./picture.ts";
import type { Filter } from "./resize.ts";

/** What is made of every picture: random views for training, or the one view of evaluation. Plain data. */
export type Preparation =
  | { kind: "augment"; settings: Augmentation }
  | { kind: "evaluate"; size: number; filter?: Filter; share?: number };

export interface BatchRecipe {
  preparation: Preparation;
  /** A picture that cannot be read or decoded ends the batch with its error, or leaves an empty place that is counted. */
  onError: "fail" | "skip";
  decoding?: Omit<DecodeOptions, "name">;
}

/** The pictures of one batch. B places; an empty one (no sample, or a skipped one) has weight 0, label -1 and black pixels. */
export interface BatchData {
  /** In the order of the views' settings: the encoder's, then the tokenizer's. `pixels` is (B, size, size, 3). */
  views: { size: number; pixels: Uint8Array<ArrayBuffer> }[];
  /** (B) class numbers, -1 where there is none. */
  labels: Int32Array<ArrayBuffer>;
  /** (B) 1, or 0 for an empty place. */
  weights: Float32Array<ArrayBuffer>;
  /** (B) what errors and pages call the samples; "" for an empty place. */
  names: string[];
  /** (B, 4) left, top, width, height of the box to erase in the first view, width 0 for none; absent without random erasing. */
  erase?: Int32Array<ArrayBuffer>;
  /** Samples that could not be used, with the reason. */
  skipped: { index: number; reason: string }[];
}

/** Reads, decodes and augments the samples of `plan`. Throws DataError for the first bad one where the recipe says "fail". */
export async function makeBatch(set: DataSet, { preparation, onError, decoding }: BatchRecipe, plan: BatchPlan): Promise<BatchData> {
  const { indices } = plan, B = indices.length;
  const sizes = preparation.kind === "augment" ? preparation.settings.views.map(({ size }) => size) : [preparation.size];
  const batch: BatchData = {
    views: sizes.map((size) => ({ size, pixels: new Uint8Array(B * size * size * 3) })),
    labels: new Int32Array(B).fill(-1),
    weights: new Float32Array(B),
    names: new Array(B).fill(""),
    skipped: [],
  };
  if (preparation.kind === "augment" && preparation.settings.erasing) batch.erase = new Int32Array(4 * B);

  for (const [place, index] of indices.entries()) {
    if (index < 0) continue;
    try {
      const { name, bytes, picture, label = -1 } = await set.read(index);
      const { views, erase } = prepare(picture ?? await decode(bytes!, { ...decoding, name }), preparation, { ...plan, index });
      views.forEach(({ pixels }, v) => batch.views[v].pixels.set(pixels, place * pixels.length));
      if (erase) batch.erase!.set([erase.left, erase.top, erase.width, erase.height], 4 * place);
      batch.labels[place] = label;
      batch.names[place] = name;
      batch.weights[place] = 1;
    } catch (error) {
      // Anything but a DataError is a fault of the program or of the machine, and not of this picture.
      if (onError === "fail" || !(error instanceof DataError)) throw error;
      batch.skipped.push({ index, reason: error.message });
    }
  }
  return batch;
}

function prepare(
  picture: Picture,
  preparation: Preparation,
  { seed, epoch, index }: { seed: number; epoch: number; index: number },
): { views: Picture[]; erase?: Box | null } {
  if (preparation.kind === "evaluate") {
    return { views: [evaluationView(picture, preparation.size, preparation.filter, preparation.share)] };
  }
  const plan = drawPlan(picture, preparation.settings, { seed, epoch, index });
  return { views: augment(picture, plan, preparation.settings), erase: plan.erase };
}

/** The memory of a batch, for handing it over without a copy. */
export function buffersOf({ views, labels, weights, erase }: BatchData): ArrayBuffer[] {
  return [...views.map(({ pixels }) => pixels), labels, weights, ...(erase ? [erase] : [])].map(({ buffer }) => buffer);
}
