// The table of data sets.
import { DataError } from "../../errors.ts";
import { cifar } from "./cifar.ts";
import type { DataSet, DataSetKind, Opening } from "./dataset.ts";
import { folder } from "./folder.ts";
import { idx } from "./idx.ts";
import { imageFolder } from "./image_folder.ts";
import { mosaics } from "./mosaics.ts";
import { panels } from "./panels.ts";
import { cifar10, imagenette } from "./named.ts";
import { parquet } from "./parquet.ts";
import { segmentation } from "./segmentation.ts";
import { webdataset } from "./webdataset.ts";

export type { DataSet, DataSetKind, Opening, Sample } from "./dataset.ts";

/** Every kind of data set by the name that recipes use. */
export const datasets = {
  mosaics,
  panels,
  folder,
  image_folder: imageFolder,
  segmentation,
  cifar,
  idx,
  webdataset,
  parquet,
  cifar10,
  imagenette,
};

type Kinds = typeof datasets;
type OptionsOf<Kind> = Kind extends { open(options: infer Options, opening?: Opening): unknown } ? Options : never;

/** A data set in words, as a recipe or a worker's message holds it: `{ kind: "image_folder", path: "photos" }`. */
export type DataSource = { [Name in keyof Kinds]: { kind: Name } & OptionsOf<Kinds[Name]> }[keyof Kinds];

/**
 * Opens a data set; the first opening of a named set downloads it.
 *
 * @throws {DataError} for an unknown kind, an empty set, or what the kind itself finds wrong.
 */
export async function openDataSet({ kind, ...options }: DataSource, opening: Opening = {}): Promise<DataSet> {
  const names = Object.keys(datasets);
  if (!names.includes(kind)) throw new DataError(`data set: there is no kind "${kind}"; give one of ${names.join(", ")}`);
  const set = await (datasets[kind] as DataSetKind<unknown>).open(options, opening);
  if (set.length === 0) throw new DataError(`${set.name}: has no samples; give a data set with at least one`);
  return set;
}
