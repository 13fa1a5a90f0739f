// What a data set is. Each file of this folder opens one kind; mod.ts is the table of them.
import type { LabelMap } from "../label_map.ts";
import type { Picture } from "../picture.ts";

/** One sample as it lies on disk: encoded `bytes`, or a `picture` where the format stores pixels. Exactly one of the two is there. */
export interface Sample {
  /** Names the sample in every error: the path within the data set, the record number, the tar key. */
  name: string;
  bytes?: Uint8Array;
  picture?: Picture;
  /** Class number, in 0 .. classes.length - 1 where classes are known. */
  label?: number;
  /** Reads the classes of its pixels; there where the set has `pixelClasses`. Throws DataError with the map's name. */
  labelMap?(): LabelMap;
}

/** A fixed list of samples that can be read in any order. */
export interface DataSet {
  name: string;
  length: number;
  /** Class names by label; absent where the set has no labels or does not name them. */
  classes?: string[];
  /** Names of the classes that pixels belong to, by label; absent where pictures have no label maps. */
  pixelClasses?: string[];
  /**
   * What opening found (file names, offsets), as plain data that can be cloned to a worker. `open(options, { listing })` then reads
   * no folder again, so every worker, also one started late, means the same sample by the same index. Absent where opening is cheap
   * and cannot change.
   */
  listing?: unknown;
  /** The sample at `index`, 0 .. length - 1. Throws DataError with the sample's name where it cannot be read. */
  read(index: number): Promise<Sample>;
}

/** What accompanies an opening beside the options, which are plain data. */
export interface Opening {
  /** The listing of a set that was opened before with the same options. */
  listing?: unknown;
  /** Called while a named set is downloaded; `total` is unknown until the server says it. */
  onProgress?: (progress: { received: number; total?: number }) => void;
  signal?: AbortSignal;
}

/** A kind of data set: what the table of mod.ts holds. */
export interface DataSetKind<Options> {
  /** One line for help texts. */
  about: string;
  /** Opens a set. Throws DataError. */
  open(options: Options, opening?: Opening): Promise<DataSet>;
}
