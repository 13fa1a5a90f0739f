// Collections of vectors: one interface, SQLite by default, Postgres to grow into.

import type { SqliteOptions } from "./sqlite/sqlite_store.ts";
import type { Store } from "./store.ts";

export type { Filter } from "./filter.ts";
export type { Collection, CollectionSpec, Entry, Hit, Item, ItemInput, Metadata, Metric, Page, Query, Store } from "./store.ts";

/** Opens a store: a path is an SQLite file, which is created if there is none. */
export async function openStore(path: string, options: SqliteOptions = {}): Promise<Store> {
  const { SqliteStore } = await import("./sqlite/sqlite_store.ts");
  return await SqliteStore.open(path, options);
}
