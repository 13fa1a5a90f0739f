// One batch from its plan: read, decode, augment. A pure function of (data set, recipe, plan), so that a batch can be made anywhere and
// made again.
import { DataError } from "../errors.ts";
import { augment, type Augmentation, drawPlan } from "./augment.ts";
import { type EvaluatedPart, evaluationView } from "./augment/evaluation.ts";
import type { DataSet, Sample } from "./datasets/mod.ts";
import { decode, type DecodeOptions } from "./decode.ts";
import { evaluatedLabels, ignoredLabel, type LabelMap, plannedLabels } from "./label_map.ts";
import type { BatchPlan } from "./order.ts";
import type { Box, Picture } from "./picture.ts";
import type { Filter } from "./resize.ts";

/** What is made of every picture: random views for training, or the one view of evaluation. Plain data. */
export type Preparation =
  | { kind: "augment"; settings: Augmentation }
  | { kind: "evaluate"; size: number; filter?: Filter; share?: number; part?: EvaluatedPart };

export interface BatchRecipe {
  preparation: Preparation;
  /** A picture that cannot be read or decoded ends the batch with its error, or leaves an empty place that is counted. */
  onError: "fail" | "skip";
  /** Pictures are turned as their EXIF orientation says, unless label maps lie over them: those are drawn over what is stored. */
  decoding?: Omit<DecodeOptions, "name" | "room">;
  /** Whether the label maps of the pictures are wanted, too. */
  labelMaps?: boolean;
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
  /** (B, size, size) classes of the first view's pixels, `ignoredLabel` in an empty place; absent where they are not wanted. */
  labelMaps?: Uint8Array<ArrayBuffer>;
  /** Samples that could not be used, with the reason. */
  skipped: { index: number; reason: string }[];
}

/** Reads, decodes and augments the samples of `plan`. Throws DataError for the first bad one where the recipe says "fail". */
export async function makeBatch(
  set: DataSet,
  { preparation, onError, decoding, labelMaps }: BatchRecipe,
  plan: BatchPlan,
): Promise<BatchData> {
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
  if (labelMaps) batch.labelMaps = new Uint8Array(B * sizes[0] ** 2).fill(ignoredLabel);

  let last = new Uint8Array();
  // One array takes the pixels of all pictures in turn: a new one each time would keep the collector's threads busy.
  const room = (bytes: number) => (last.length < bytes ? last = new Uint8Array(bytes) : last).subarray(0, bytes);
  for (const [place, index] of indices.entries()) {
    if (index < 0) continue;
    try {
      const sample = await set.read(index), { name, bytes, label = -1 } = sample;
      const picture = sample.picture ?? await decode(bytes!, { orientation: labelMaps ? "as-stored" : "exif", ...decoding, name, room });
      const into = batch.views.map(({ size, pixels }) => pixels.subarray(place * size * size * 3, (place + 1) * size * size * 3));
      const { erase, labels } = prepare(picture, preparation, { ...plan, index }, into, labelMaps ? sample : undefined);
      if (erase) batch.erase!.set([erase.left, erase.top, erase.width, erase.height], 4 * place);
      if (labels) batch.labelMaps!.set(labels, place * labels.length);
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

/** Writes the views of `picture` to the arrays of `into`. */
function prepare(
  picture: Picture,
  preparation: Preparation,
  { seed, epoch, index }: { seed: number; epoch: number; index: number },
  into: Uint8Array[],
  labelled?: Sample,
): { erase?: Box | null; labels?: Uint8Array } {
  const map = labelled && mapOf(labelled, picture);
  if (preparation.kind === "evaluate") {
    const { size, filter, share, part } = preparation;
    into[0].set(evaluationView(picture, size, filter, share, part).pixels);
    return { labels: map && evaluatedLabels(map, size, share, part) };
  }
  const plan = drawPlan(picture, preparation.settings, { seed, epoch, index });
  augment(picture, plan, preparation.settings, into);
  return { erase: plan.erase, labels: map && plannedLabels(map, plan, preparation.settings.views[0].size) };
}

function mapOf({ name, labelMap }: Sample, { width, height }: Picture): LabelMap {
  if (!labelMap) throw new DataError(`${name}: has no label map; give data whose pixels are labelled`);
  const map = labelMap();
  if (map.width !== width || map.height !== height) {
    throw new DataError(
      `${name}: its label map has ${map.width} x ${map.height} pixels, the picture ${width} x ${height}; bring them to one size`,
    );
  }
  return map;
}

/** The memory of a batch, for handing it over without a copy. */
export function buffersOf({ views, labels, weights, erase, labelMaps }: BatchData): ArrayBuffer[] {
  const some = [erase, labelMaps].filter((array) => array !== undefined);
  return [...views.map(({ pixels }) => pixels), labels, weights, ...some].map(({ buffer }) => buffer);
}
