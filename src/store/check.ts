// What a store accepts. Sizes that are too large are LimitErrors, everything else that is wrong with a request is a DataError.

import { DataError, LimitError, StoreError } from "../errors.ts";
import type { Collection, CollectionSpec, ItemInput, Metadata, Metric } from "./store.ts";

export const MAX_DIMENSIONS = 16000; // pgvector's bound: a collection can move to Postgres
const MAX_BATCH = 10_000;
const MAX_K = 1000;
const MAX_METADATA = 16 * 1024;
const MAX_THUMBNAIL = 256 * 1024;
const MAX_PICTURE_NAME = 255;
const METRICS: readonly Metric[] = ["cosine", "dot", "euclidean"];

/** A value as an error shows it: short, and on one line. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}

export function checkName(name: unknown): asserts name is string {
  if (typeof name === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(name)) return;
  throw new DataError(`store: ${shown(name)} is no name of a collection; use 1 to 64 of A-Z a-z 0-9 _ -`);
}

export function checkId(where: string, id: unknown): asserts id is string {
  if (typeof id === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) return;
  throw new DataError(`${where}: ${shown(id)} is no id; use 1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit`);
}

export function checkSpec(name: string, { dimensions, metric, fingerprint }: CollectionSpec): void {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    throw new DataError(`${name}: dimensions are ${shown(dimensions)}; use a whole number from 1 to ${MAX_DIMENSIONS}`);
  }
  if (!METRICS.includes(metric)) throw new DataError(`${name}: the metric is ${shown(metric)}; use ${METRICS.join(", ")}`);
  if (typeof fingerprint !== "string" || !/^[\x20-\x7e]{1,200}$/.test(fingerprint)) {
    throw new DataError(`${name}: the fingerprint is ${shown(fingerprint)}; use 1 to 200 printable ASCII characters`);
  }
}

/** That a collection found under a name is the one that was asked for. */
export function checkSame(found: Collection, wanted: CollectionSpec): void {
  const differ = (["dimensions", "metric", "fingerprint"] as const).filter((key) => found[key] !== wanted[key]);
  if (!differ.length) return;
  const both = differ.map((key) => `${key} ${found[key]}, wanted ${wanted[key]}`).join("; ");
  throw new StoreError("conflict", `${found.name}: exists with ${both}; delete it or use another name`);
}

export function checkFingerprint(collection: Collection, fingerprint: unknown): void {
  if (fingerprint === collection.fingerprint) return;
  throw new DataError(
    `${collection.name}: holds vectors of the embedder ${collection.fingerprint}, not of ${shown(fingerprint)}; ` +
      "embed with the former, or make another collection",
  );
}

/** The vector in single precision: as many finite values as the collection has dimensions, and not all zero where direction is compared. */
export function checkVector({ name, dimensions, metric }: Collection, what: string, values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  if (typeof values !== "object" || values === null || typeof values.length !== "number") {
    throw new DataError(`${name}: ${what} has the vector ${shown(values)}; give a list of ${dimensions} numbers`);
  }
  if (values.length !== dimensions) {
    throw new DataError(
      `${name}: ${what} has ${values.length} values, the collection has ${dimensions} dimensions; give vectors of that length`,
    );
  }
  const vector = new Float32Array(dimensions);
  let squares = 0;
  for (let i = 0; i < dimensions; i++) {
    const value = values[i];
    vector[i] = value;
    if (typeof value !== "number" || !Number.isFinite(vector[i])) {
      throw new DataError(`${name}: ${what} has ${shown(value)} as value ${i}; every value must be a finite single-precision number`);
    }
    squares += vector[i] * vector[i];
  }
  if (metric === "cosine" && squares === 0) {
    throw new DataError(`${name}: ${what} is all zeros, which has no direction for the cosine metric; leave it out, or use another metric`);
  }
  return vector;
}

/** The metadata as JSON. */
export function checkMetadata(where: string, metadata: Metadata = {}): string {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw new DataError(`${where}: metadata is ${shown(metadata)}; give an object`);
  }
  for (const [key, value] of Object.entries(metadata)) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(key)) {
      throw new DataError(`${where}: metadata has the key ${shown(key)}; use 1 to 64 of A-Z a-z 0-9 _ . -, not beginning with . or -`);
    }
    for (const one of Array.isArray(value) ? value : [value]) {
      const fits = isText(one) || !Array.isArray(value) && (typeof one === "boolean" || typeof one === "number" && Number.isFinite(one));
      if (!fits) throw new DataError(`${where}: metadata.${key} is ${shown(one)}; use text, a finite number, a boolean or a list of text`);
    }
  }
  const json = JSON.stringify(metadata), bytes = new TextEncoder().encode(json).length;
  if (bytes > MAX_METADATA) throw new LimitError(`${where}: metadata is ${bytes} bytes of JSON; at most ${MAX_METADATA} are stored`);
  return json;
}

/** Text that every store can hold: no NUL, which Postgres refuses, and no half of a surrogate pair. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0") && value.isWellFormed();
}

/** A checked item, ready to be written. */
export interface Row {
  id: string;
  vector: Float32Array<ArrayBuffer>;
  metadata: string;
  name: string | null;
  thumbnail: Uint8Array | null;
}

/** The rows of one put, the last of equal ids only. */
export function checkItems(collection: Collection, items: readonly ItemInput[]): Row[] {
  if (!Array.isArray(items)) throw new DataError(`${collection.name}: items are ${shown(items)}; give a list`);
  if (items.length > MAX_BATCH) {
    throw new LimitError(`${collection.name}: ${items.length} items at once; at most ${MAX_BATCH}, send them in several batches`);
  }
  const rows = new Map<string, Row>();
  for (const { id, vector, metadata, name, thumbnail } of items) {
    checkId(collection.name, id);
    const where = `${collection.name}/${id}`;
    if (name !== undefined && (!isText(name) || name.length > MAX_PICTURE_NAME)) {
      throw new DataError(`${where}: the picture's name is ${shown(name)}; use text of at most ${MAX_PICTURE_NAME} characters`);
    }
    if (thumbnail !== undefined && !(thumbnail instanceof Uint8Array)) {
      throw new DataError(`${where}: the thumbnail is ${shown(thumbnail)}; give the bytes of an encoded picture`);
    }
    if (thumbnail && thumbnail.length > MAX_THUMBNAIL) {
      throw new LimitError(`${where}: the thumbnail has ${thumbnail.length} bytes; at most ${MAX_THUMBNAIL} are stored`);
    }
    const json = checkMetadata(where, metadata);
    rows.set(id, { id, vector: checkVector(collection, id, vector), metadata: json, name: name ?? null, thumbnail: thumbnail ?? null });
  }
  return [...rows.values()];
}

export function checkK(name: string, k: unknown): asserts k is number {
  if (Number.isInteger(k) && (k as number) >= 1 && (k as number) <= MAX_K) return;
  throw new DataError(`${name}: k is ${shown(k)}; use a whole number from 1 to ${MAX_K}`);
}

export function checkLimit(name: string, limit: unknown): asserts limit is number {
  if (Number.isInteger(limit) && (limit as number) >= 1 && (limit as number) <= 1000) return;
  throw new DataError(`${name}: limit is ${shown(limit)}; use a whole number from 1 to 1000`);
}

export function missingCollection(name: string): StoreError {
  return new StoreError("missing", `${name}: there is no such collection; create it first`);
}

export function missingItem(name: string, id: string): StoreError {
  return new StoreError("missing", `${name}/${id}: there is no such item`);
}
