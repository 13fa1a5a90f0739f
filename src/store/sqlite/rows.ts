import type { Collection, Entry, Metadata, Metric } from "../store.ts";
import { damaged, type Database } from "./database.ts";
import type { Sql } from "./filter_sql.ts";

/** A row of the table of collections. */
export interface CollectionRow {
  key: number;
  name: string;
  dimensions: number;
  metric: Metric;
  fingerprint: string;
  created: string;
  count: number;
  /** Counts the writes: what is in memory is compared with it, so that another process's writes are seen. */
  revision: number;
}

/** A row of the table of items. */
export interface ItemRow {
  key: number;
  id: string;
  metadata: string;
  name: string | null;
}

export const ROWS_A_READ = 1000;

/** The next vectors of a collection after a key; `where` narrows the items. */
export function readVectors(
  database: Database,
  { key: collection, dimensions }: CollectionRow,
  after: number,
  where: Sql = { text: "TRUE", values: [] },
): { key: number; vector: Float32Array<ArrayBuffer> }[] {
  return database.all<{ key: number; vector: Uint8Array }>(
    `SELECT items.key, vector FROM items JOIN vectors ON vectors.key = items.key
     WHERE collection = ? AND items.key > ? AND ${where.text} ORDER BY items.key LIMIT ${ROWS_A_READ}`,
    ...[collection, after, ...where.values],
  ).map(({ key, vector }) => ({ key, vector: toVector(database, dimensions, vector) }));
}

/** The bytes as numbers; a copy where the runtime's bytes do not begin at a multiple of 4. */
export function toVector({ path }: Database, dimensions: number, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  if (bytes.byteLength !== dimensions * 4) throw damaged(path, `a vector has ${bytes.byteLength} bytes instead of ${dimensions * 4}`);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, dimensions);
}

export function toCollection({ name, dimensions, metric, fingerprint, created, count }: CollectionRow): Collection {
  return { name, dimensions, metric, fingerprint, created, count };
}

export function toEntry({ path }: Database, { id, metadata, name }: ItemRow): Entry {
  try {
    return { id, metadata: JSON.parse(metadata) as Metadata, ...name !== null && { name } };
  } catch {
    throw damaged(path, `the metadata of ${id} is no JSON`);
  }
}
