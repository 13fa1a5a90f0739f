// Collections of vectors: one interface, SQLite by default, Postgres to grow into.

import type { PostgresOptions } from "./postgres/postgres_store.ts";
import type { SqliteOptions } from "./sqlite/sqlite_store.ts";
import type { Store } from "./store.ts";

export type { Filter } from "./filter.ts";
export { exportLines, importLines } from "./lines.ts";
export type { Collection, CollectionSpec, Entry, Hit, Item, ItemInput, Metadata, Metric, Page, Query, Store } from "./store.ts";

/**
 * Opens a store: `postgres://user:password@host/database` (with pgvector 0.8), or the path of an SQLite file, which is created if there is
 * none. Throws StoreError when it cannot be used or is damaged.
 *
 * ```ts
 * await using store = await openStore(":memory:");
 * await store.createCollection("pictures", { dimensions: 2, metric: "cosine", fingerprint: "beit-tiny/6" });
 * await store.put("pictures", "beit-tiny/6", [{ id: "a", vector: [1, 0], metadata: { kind: "cat" } }]);
 * const [hit] = await store.search("pictures", { query: { vector: [2, 1], fingerprint: "beit-tiny/6" }, k: 1, filter: { kind: "cat" } });
 * console.assert(hit.id === "a" && Math.abs(hit.score - 2 / Math.sqrt(5)) < 1e-6);
 * ```
 */
export async function openStore(at: string, options: SqliteOptions & PostgresOptions = {}): Promise<Store> {
  if (/^postgres(ql)?:\/\//.test(at)) {
    const { PostgresStore } = await import("./postgres/postgres_store.ts");
    return await PostgresStore.open(at, options);
  }
  const { SqliteStore } = await import("./sqlite/sqlite_store.ts");
  return await SqliteStore.open(at, options);
}
