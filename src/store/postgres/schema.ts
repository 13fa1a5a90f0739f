import { BusyError, StoreError, ZelligeError } from "../../errors.ts";
import type { Metric } from "../store.ts";
import type { Client, RunQuery } from "./client.ts";

/** A row of the table of collections. */
export interface CollectionRow {
  key: number;
  name: string;
  dimensions: number;
  metric: Metric;
  fingerprint: string;
  created: string;
  count: number;
}

export const COLLECTION = "key, name, dimensions, metric, fingerprint, created, count::float8 AS count";

/** pgvector's operator of a metric, from whose value the score follows, and its operators for an index. */
export const OPERATORS: Record<Metric, { distance: string; score: (distance: number) => number; index: string }> = {
  cosine: { distance: "<=>", score: (distance) => 1 - distance, index: "vector_cosine_ops" },
  dot: { distance: "<#>", score: (distance) => -distance, index: "vector_ip_ops" },
  euclidean: { distance: "<->", score: (distance) => -distance, index: "vector_l2_ops" },
};

const MAX_INDEXED_DIMENSIONS = 2000; // pgvector's bound for an index over single-precision vectors

/** Two processes that begin at once must not both create a table. */
export const lockSchema = (query: RunQuery) => query("SELECT pg_advisory_xact_lock(1516005221)");

/** The table of a collection's items. One each: pgvector indexes a column of one dimension. */
export const itemsOf = ({ key }: { key: number }) => `zellige_items_${key}`;

export async function createSchema(client: Client): Promise<void> {
  await client.transaction(async (query) => {
    await lockSchema(query);
    await query("CREATE EXTENSION IF NOT EXISTS vector");
    await query(`CREATE TABLE IF NOT EXISTS zellige_collections (
      key serial PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, dimensions integer NOT NULL, metric text NOT NULL,
      fingerprint text NOT NULL, created text NOT NULL, count bigint NOT NULL DEFAULT 0
    )`);
  });
}

export async function createItems(query: RunQuery, row: CollectionRow, indexed: boolean): Promise<void> {
  const table = itemsOf(row);
  await query(`CREATE TABLE ${table} (
    key bigserial PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE, metadata jsonb NOT NULL, name text, vector vector(${row.dimensions}) NOT NULL,
    thumbnail bytea
  )`);
  if (!indexed || row.dimensions > MAX_INDEXED_DIMENSIONS) return;
  await query(`CREATE INDEX ON ${table} USING hnsw (vector ${OPERATORS[row.metric].index})`);
}

/** The result of `work`, or its fault in the store's words. */
export async function translated<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof ZelligeError) throw error;
    const { code = "" } = error as { code?: string }, cause = { cause: error };
    if (/^(40001|40P01|55P03|53300)$/.test(code)) throw new BusyError(`${where}: the server is busy (${error.message}); try again`, cause);
    if (code === "42P01") throw new StoreError("missing", `${where}: the collection was deleted meanwhile (${error.message})`, cause);
    if (/extension "vector"/.test(error.message)) {
      throw new StoreError("unavailable", `${where}: ${error.message}; install pgvector 0.8 on the server`, cause);
    }
    if (/^(08|28|3D|42501|53|57|58)|^E[A-Z]+$|^CONN/.test(code) || /closed|terminated/i.test(error.message)) {
      throw new StoreError(
        "unavailable",
        `${where}: cannot be used (${error.message}); check the server, the address and the rights`,
        cause,
      );
    }
    throw error;
  }
}
