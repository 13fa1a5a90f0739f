// Pictures with label maps in the layout of ADE20K (Zhou et al. 2017): images/<split>/<picture> and annotations/<split>/<picture>.png, whose
// stored numbers are the classes of the pixels.
// deno-lint-ignore-file require-await -- a failure must be a rejection
import { existsSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { DEFAULT_MAX_PIXELS } from "../decode.ts";
import { decodeLabelPng } from "../decode/label_png.ts";
import { ignoredLabel, type LabelMap } from "../label_map.ts";
import type { DataSet, Opening, Sample } from "./dataset.ts";
import { listPictures, noPictures } from "./folder.ts";
import { readWhole } from "./read_at.ts";

export interface SegmentationOptions {
  /** The folder that holds images/ and annotations/. */
  path: string;
  /** A folder of both, "training" and "validation" in ADE20K; everything if absent. */
  split?: string;
  /** Names of the classes in label order, or how many there are. A recipe may leave it out of what is held out. */
  classes?: number | string[];
  /** Whether 0 means no class and the first one is 1, as in ADE20K; label 255 takes no part either way. */
  reduceZeroLabel?: boolean;
}

export const segmentation = {
  about: "pictures with label maps: images/<split>/ and annotations/<split>/ with a PNG each, as ADE20K has them",

  /** Opens pictures with label maps. Throws DataError where there are none, or naming pictures without a map. */
  async open(
    { path, split = "", classes = [], reduceZeroLabel = false }: SegmentationOptions,
    { listing }: Opening = {},
  ): Promise<DataSet> {
    const images = inside(`${path}/images`, split), maps = inside(`${path}/annotations`, split);
    const names = typeof classes === "number" ? Array.from({ length: classes }, (_, label) => `class ${label}`) : classes;
    if (names.length < 2 || names.length > ignoredLabel) {
      throw new DataError(`${path}: ${names.length} classes were given; give 2 to ${ignoredLabel}`);
    }
    const files = listing as string[] | undefined ?? listed(images, maps);
    return {
      name: path,
      length: files.length,
      pixelClasses: names,
      listing: files,
      async read(index: number): Promise<Sample> {
        const name = `${images}/${files[index]}`;
        return { name, bytes: readWhole(name), labelMap: () => readMap(`${maps}/${mapOf(files[index])}`, names.length, reduceZeroLabel) };
      },
    };
  },
};

const inside = (folder: string, split: string) => split ? `${folder}/${split}` : folder;

const mapOf = (picture: string) => `${picture.slice(0, picture.lastIndexOf("."))}.png`;

function listed(images: string, maps: string): string[] {
  for (const folder of [images, maps]) {
    if (!existsSync(folder)) {
      throw new DataError(`${folder}: does not exist; give the folder that holds images and annotations, and its split`);
    }
  }
  const files = listPictures(images);
  if (!files.length) throw noPictures(images);
  const present = new Set(listPictures(maps)), without = files.filter((file) => !present.has(mapOf(file)));
  if (without.length) {
    const some = without.slice(0, 3).map(mapOf).join(", ") + (without.length > 3 ? ` and ${without.length - 3} more` : "");
    throw new DataError(`${maps}: has no ${some}; every picture of ${images} needs a label map`);
  }
  return files;
}

/** A map with labels counted from 0. */
function readMap(file: string, classes: number, reduceZeroLabel: boolean): LabelMap {
  const map = decodeLabelPng(readWhole(file), DEFAULT_MAX_PIXELS, (reason) => {
    throw new DataError(`${file}: ${reason}`);
  });
  for (const [i, stored] of map.labels.entries()) {
    if (stored === ignoredLabel) continue;
    const label = reduceZeroLabel ? stored === 0 ? ignoredLabel : stored - 1 : stored;
    if (label >= classes && label !== ignoredLabel) {
      throw new DataError(
        `${file}: pixel (${i % map.width}, ${Math.floor(i / map.width)}) has label ${stored}, with ${classes} classes ` +
          `${classes - 1 + Number(reduceZeroLabel)} is the largest; correct the map or the number of classes`,
      );
    }
    map.labels[i] = label;
  }
  return map;
}
