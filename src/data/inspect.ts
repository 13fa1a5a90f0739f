// What can be said of a sample once it has been read and decoded.
import { DataError } from "../errors.ts";
import type { DataSet } from "./datasets/mod.ts";
import { decode } from "./decode.ts";

export interface Inspection {
  index: number;
  name: string;
  label?: number;
  /** Encoded size; 0 where the set stores pixels or the file cannot be read. */
  bytes: number;
  width: number;
  height: number;
  /** Why the sample cannot be used; absent for a good one. */
  reason?: string;
}

/** Reads and decodes a sample in full. A bad one is an answer, not an error. */
export async function inspect(set: DataSet, index: number): Promise<Inspection> {
  const found: Inspection = { index, name: `${set.name}#${index}`, bytes: 0, width: 0, height: 0 };
  try {
    const { name, label, bytes, picture } = await set.read(index);
    Object.assign(found, { name, label, bytes: bytes?.length ?? 0 });
    const { width, height } = picture ?? await decode(bytes!, { name, orientation: "exif" });
    return Object.assign(found, { width, height });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { ...found, reason: error.message };
  }
}
