import { setImmediate } from "node:timers/promises";
import { readFilter } from "../filter.ts";
import {
  checkFingerprint,
  checkId,
  checkItems,
  checkK,
  checkLimit,
  checkName,
  checkSame,
  checkSpec,
  checkVector,
  missingCollection,
  missingItem,
} from "../check.ts";
import type { Collection, CollectionSpec, Hit, Item, ItemInput, Page, Query, Store } from "../store.ts";
import { Database } from "./database.ts";
import { filterSql, type Sql } from "./filter_sql.ts";
import { type CollectionRow, type ItemRow, ROWS_A_READ, toCollection, toEntry, toVector } from "./rows.ts";
import { scanFile } from "./scan_file.ts";
import { VectorCache } from "./vector_cache.ts";

export interface SqliteOptions {
  /** Bytes of vectors kept in memory, 1 GiB unless given; larger collections are read from the file at each search. */
  memory?: number;
  /**
   * Whether a search without a filter in a collection that fits the memory goes through an HNSW index; off unless given. It needs the npm package usearch, twice the
   * memory and half a millisecond a vector, and misses a few of the nearest: worth it from some 200,000 items on.
   */
  indexed?: boolean;
}

/** How the name of a collection begins that is being deleted: no name of a user's can. */
const DELETED = "deleted ";
const everything: Sql = { text: "TRUE", values: [] };

/** Collections in one SQLite file; search is an exact scan. Several processes may open the file. */
export class SqliteStore implements Store {
  private constructor(readonly database: Database, private readonly cache: VectorCache) {}

  static async open(path: string, { memory = 2 ** 30, indexed = false }: SqliteOptions = {}): Promise<SqliteStore> {
    const database = await Database.open(path);
    try {
      const store = new SqliteStore(database, await VectorCache.open(database, memory, indexed));
      for (const { key } of database.all<CollectionRow>(`SELECT * FROM collections WHERE name LIKE '${DELETED}%'`)) {
        await store.#deleteItems(key);
      }
      return store;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get description(): string {
    return `SQLite, ${this.database.path}`;
  }

  createCollection(name: string, spec: CollectionSpec): Promise<Collection> {
    return settled(() => {
      checkName(name);
      checkSpec(name, spec);
      return this.database.transaction(() => {
        const found = this.#find(name);
        if (found) checkSame(found, spec);
        else {
          this.database.run(
            "INSERT INTO collections (name, dimensions, metric, fingerprint, created) VALUES (?, ?, ?, ?, ?)",
            ...[name, spec.dimensions, spec.metric, spec.fingerprint, new Date().toISOString()],
          );
        }
        return toCollection(found ?? this.#row(name));
      });
    });
  }

  collections(): Promise<Collection[]> {
    return settled(() =>
      this.database.all<CollectionRow>(`SELECT * FROM collections WHERE name NOT LIKE '${DELETED}%' ORDER BY name`).map(toCollection)
    );
  }

  collection(name: string): Promise<Collection> {
    return settled(() => toCollection(this.#row(name)));
  }

  /** At once nobody sees it any more; its items go in steps, so that other work is not held up, and if need be at the next start. */
  async deleteCollection(name: string): Promise<void> {
    const { key } = this.#row(name);
    this.database.run(`UPDATE collections SET name = '${DELETED}' || key WHERE key = ?`, key);
    this.cache.forget(key);
    await this.#deleteItems(key);
  }

  put(name: string, fingerprint: string, items: readonly ItemInput[]): Promise<{ added: number; replaced: number }> {
    return settled(() => {
      const { collection, rows, keys, added } = this.database.transaction(() => {
        const collection = this.#row(name);
        checkFingerprint(collection, fingerprint);
        const rows = checkItems(collection, items), keys: number[] = [];
        let sum = 0;
        for (const { id, metadata, name: picture, vector, thumbnail } of rows) {
          const { key, added } = this.#putItem(collection.key, id, metadata, picture);
          this.database.run("INSERT OR REPLACE INTO vectors VALUES (?, ?)", key, new Uint8Array(vector.buffer));
          if (thumbnail) this.database.run("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", key, thumbnail);
          else if (!added) this.database.run("DELETE FROM thumbnails WHERE key = ?", key);
          keys.push(key);
          sum += Number(added);
        }
        this.#count(collection.key, sum);
        return { collection, rows, keys, added: sum };
      });
      this.cache.written(collection, (pages) => rows.forEach(({ vector }, i) => pages.set(keys[i], vector)));
      return { added, replaced: rows.length - added };
    });
  }

  get(name: string, id: string): Promise<Item> {
    return settled(() => this.#item(this.#row(name), id).item);
  }

  delete(name: string, ids: readonly string[]): Promise<number> {
    return settled(() => {
      checkName(name);
      for (const id of ids) checkId(name, id);
      const { collection, keys } = this.database.transaction(() => {
        const collection = this.#row(name);
        const keys = ids.flatMap((id) =>
          this.database.all<{ key: number }>("DELETE FROM items WHERE collection = ? AND id = ? RETURNING key", collection.key, id)
        ).map(({ key }) => key);
        this.#count(collection.key, -keys.length);
        return { collection, keys };
      });
      this.cache.written(collection, (pages) => keys.forEach((key) => pages.delete(key)));
      return keys.length;
    });
  }

  list(name: string, { after, limit = 100, filter }: { after?: string; limit?: number; filter?: Query["filter"] } = {}): Promise<Page> {
    return settled(() => {
      const { key } = this.#row(name);
      if (after !== undefined) checkId(name, after);
      checkLimit(name, limit);
      const { text, values } = filter === undefined ? everything : filterSql(readFilter(filter));
      const rows = this.database.all<ItemRow>(
        `SELECT * FROM items WHERE collection = ? AND id > ? AND ${text} ORDER BY id LIMIT ?`,
        ...[key, after ?? "", ...values, limit + 1],
      );
      const entries = rows.slice(0, limit).map((row) => toEntry(this.database, row));
      return rows.length > limit ? { entries, next: entries.at(-1)!.id } : { entries };
    });
  }

  async search(name: string, { query, k, filter }: Query): Promise<Hit[]> {
    const row = this.#row(name);
    checkK(name, k);
    const where = filter === undefined ? undefined : filterSql(readFilter(filter));
    let vector: Float32Array, self: number | undefined;
    if ("id" in query) {
      ({ key: self, item: { vector } } = this.#item(row, query.id));
    } else {
      checkFingerprint(toCollection(row), query.fingerprint);
      vector = checkVector(toCollection(row), "the query", query.vector);
    }
    const wanted = self === undefined ? k : k + 1;
    const nearest = await this.#nearest(row, vector, wanted, where);
    return nearest.filter(({ key }) => key !== self).slice(0, k).flatMap(({ key, score }) => {
      const found = this.database.get<ItemRow>("SELECT * FROM items WHERE key = ?", key);
      return found ? [{ ...toEntry(this.database, found), score }] : []; // deleted while the scan gave way to other work
    });
  }

  async *export(name: string): AsyncIterableIterator<Item> {
    const row = this.#row(name);
    let after: string | undefined;
    do {
      const { entries, next } = await this.list(name, { after });
      for (const { id } of entries) {
        const found = this.#findItem(row, id);
        if (found) yield found.item;
      }
      after = next;
    } while (after !== undefined);
  }

  close(): Promise<void> {
    return settled(() => {
      this.cache.save();
      this.database.close();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #find(name: string): CollectionRow | undefined {
    checkName(name);
    return this.database.get<CollectionRow>("SELECT * FROM collections WHERE name = ?", name);
  }

  #row(name: string): CollectionRow {
    const row = this.#find(name);
    if (!row) throw missingCollection(name);
    return row;
  }

  #count(collection: number, added: number): void {
    this.database.run("UPDATE collections SET count = count + ?, revision = revision + 1 WHERE key = ?", added, collection);
  }

  async #deleteItems(collection: number): Promise<void> {
    const some = `DELETE FROM items WHERE key IN (SELECT key FROM items WHERE collection = ? LIMIT ${ROWS_A_READ})`;
    while (this.database.run(some, collection).changes) await setImmediate();
    this.database.run("DELETE FROM collections WHERE key = ?", collection);
  }

  #putItem(collection: number, id: string, metadata: string, picture: string | null): { key: number; added: boolean } {
    const found = this.database.get<{ key: number }>("SELECT key FROM items WHERE collection = ? AND id = ?", collection, id);
    if (found) {
      this.database.run("UPDATE items SET metadata = ?, name = ? WHERE key = ?", metadata, picture, found.key);
      return { key: found.key, added: false };
    }
    const values = [collection, id, metadata, picture];
    return { key: this.database.run("INSERT INTO items (collection, id, metadata, name) VALUES (?, ?, ?, ?)", ...values).key, added: true };
  }

  #findItem({ key: collection, name, dimensions }: CollectionRow, id: string): { key: number; item: Item } | undefined {
    checkId(name, id);
    const row = this.database.get<ItemRow & { vector: Uint8Array; thumbnail: Uint8Array<ArrayBuffer> | null }>(
      `SELECT items.*, vector, thumbnail FROM items JOIN vectors ON vectors.key = items.key
       LEFT JOIN thumbnails ON thumbnails.key = items.key WHERE collection = ? AND id = ?`,
      ...[collection, id],
    );
    if (!row) return undefined;
    const { key, vector, thumbnail } = row;
    const item = { ...toEntry(this.database, row), vector: toVector(this.database, dimensions, vector), ...thumbnail && { thumbnail } };
    return { key, item };
  }

  #item(row: CollectionRow, id: string): { key: number; item: Item } {
    const found = this.#findItem(row, id);
    if (!found) throw missingItem(row.name, id);
    return found;
  }

  async #nearest(row: CollectionRow, vector: Float32Array, k: number, where?: Sql): Promise<{ key: number; score: number }[]> {
    const pages = await this.cache.pages(row);
    if (!pages) return await scanFile(this.database, row, vector, k, where);
    const only = where && this.database.all<{ key: number }>(
      `SELECT key FROM items WHERE collection = ? AND ${where.text}`,
      ...[row.key, ...where.values],
    ).map(({ key }) => key);
    return await pages.search(vector, k, only);
  }
}

/** The result of work that does not wait, or its error, as a promise. */
function settled<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
