// The pictures of a recipe: opened once, split into those to train on and those held out, and made into batches.

import { loaderOf, type OpenedSet } from "../../workers/loader.ts";
import type { BatchRecipe, Preparation } from "../data/batch.ts";
import { type DataSet, type DataSource, openDataSet, type Opening } from "../data/datasets/mod.ts";
import type { Field, Loader, LoaderOptions } from "../data/loader.ts";
import { draws } from "../data/random.ts";
import { DataError, RecipeError } from "../errors.ts";
import type { Recipe } from "./recipe.ts";

/** Pictures of a set, or some of them. */
export type Pictures = OpenedSet;

export const countOf = ({ set, only }: Pictures): number => only?.length ?? set.length;

export interface TrainingData {
  train: Pictures;
  heldOut: Pictures;
  /** Class names; absent where there are no labels. */
  classes?: string[];
  /** Names of the classes of pixels; absent where there are no label maps. */
  pixelClasses?: string[];
}

/** Classes that labels tell apart, 0 where there are none. Sets that do not name theirs (IDX) have ten. */
export const classCount = ({ classes, train }: Pick<TrainingData, "classes" | "train">): number =>
  classes?.length ?? (train.source.kind === "idx" ? 10 : 0);

/** Opens the data of a recipe; what is held out where the recipe names no set for it is a function of the seed. @throws DataError */
export async function openTrainingData(
  { data, seed }: { data: Omit<Recipe["data"], "mean" | "std">; seed: number },
  opening: Opening = {},
): Promise<TrainingData> {
  const set = await openDataSet(data.train, opening), { classes, pixelClasses } = set;
  if (data.heldOut) {
    const source = asTrained(data.heldOut, data.train, classes), held = await openDataSet(source, opening);
    const [here, there] = [pixelClasses, held.pixelClasses].map((names) => names?.join());
    if (here !== there) {
      throw new DataError(`${held.name}: its pixels have ${counted(held.pixelClasses)}, those of ${set.name} ${counted(pixelClasses)}`);
    }
    return { train: { source: data.train, set }, heldOut: part(source, held, seed, 0, data.measured), classes, pixelClasses };
  }
  const count = Math.max(1, Math.round(data.heldBack * set.length));
  if (count >= set.length) throw new DataError(`${set.name}: has ${set.length} pictures, too few to hold any back; give more`);
  return {
    train: part(data.train, set, seed, count),
    heldOut: part(data.train, set, seed, 0, Math.min(count, data.measured)),
    classes,
    pixelClasses,
  };
}

const counted = (names?: string[]) => names ? `${names.length} classes (${names.slice(0, 3).join(", ")}, ...)` : "no classes";

/** Labels of both sets must mean the same classes: what is not said of the one that is held out is as in the other. */
function asTrained(source: DataSource, train: DataSource, classes?: string[]): DataSource {
  if (source.kind === "segmentation" && train.kind === "segmentation") {
    return { ...source, classes: source.classes ?? train.classes, reduceZeroLabel: source.reduceZeroLabel ?? train.reduceZeroLabel };
  }
  return source.kind === "image_folder" && classes && !source.classes ? { ...source, classes } : source;
}

/** Places `from` to `to` of one order of the set that the seed fixes. */
function part(source: DataSource, set: DataSet, seed: number, from: number, to = set.length): Pictures {
  if (from === 0 && to >= set.length) return { source, set };
  const order = draws({ seed, epoch: 0, index: 0 }, "held out").permutation(set.length);
  return { source, set, only: order.slice(from, to).sort() };
}

/** Pictures in a share of `count` labelled ones. */
export const sizeOfShare = (count: number, share: number, classes: number): number =>
  share === 1 ? count : Math.min(count, Math.max(classes, Math.round(share * count)));

/**
 * A share of labelled pictures with as many of each class as can be, at least one of each that is met: "10 % of the labels". It reads
 * no more samples than it has to, since a data set tells a label only with its sample.
 */
export async function labelledShare(pictures: Pictures, share: number, classes: number, seed: number): Promise<Pictures> {
  if (share === 1) return pictures;
  const count = countOf(pictures), wanted = sizeOfShare(count, share, classes), most = Math.ceil(wanted / classes);
  const of = new Uint32Array(classes), chosen: number[] = [], others: number[] = [];
  for (const place of draws({ seed, epoch: 0, index: 0 }, "labelled").permutation(count)) {
    if (chosen.length >= wanted) break;
    const index = pictures.only?.[place] ?? place, { label = -1, name } = await pictures.set.read(index);
    if (label < 0) throw new RecipeError(`finetune: ${name} has no label; give labelled pictures`);
    if (of[label] < most) {
      of[label]++;
      chosen.push(index);
    } else others.push(index);
  }
  chosen.push(...others.slice(0, Math.max(0, wanted - chosen.length)));
  return { ...pictures, only: Uint32Array.from(chosen).sort() };
}

export interface BatchOptions extends Pick<LoaderOptions, "batchSize" | "shuffle" | "last" | "epochs" | "state"> {
  preparation: Preparation;
  onError: BatchRecipe["onError"];
  /** Workers that make batches; 0 makes them on this thread. */
  workers: number;
  /** Whether the label maps are wanted, too. */
  labelMaps?: boolean;
  fields?: Record<string, Field>;
}

/** Batches to learn from: shuffled, whole ones only, without an end. */
export function trainingBatches(pictures: Pictures, options: Omit<BatchOptions, "shuffle" | "last" | "epochs">): Loader {
  return batchesOf(pictures, { ...options, shuffle: true, last: "drop", epochs: Infinity });
}

/**
 * Batches of the pictures, the same for any number of workers. `indices` count the pictures that are used; fields and draws are keyed by
 * the picture's number in the whole set.
 */
export function batchesOf(pictures: Pictures, { preparation, onError, labelMaps, ...options }: BatchOptions): Loader {
  return loaderOf(pictures, { preparation, onError, labelMaps }, options);
}
