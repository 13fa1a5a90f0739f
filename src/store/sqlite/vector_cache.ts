import { setImmediate } from "node:timers/promises";
import { VectorPages } from "../vector_pages.ts";
import type { Database } from "./database.ts";
import { type CollectionRow, readVectors, ROWS_A_READ } from "./rows.ts";

interface Cached {
  pages: VectorPages;
  revision: number;
  loaded: Promise<void>;
}

/** Vectors of the collections searched last, as many as fit `limit` bytes. */
export class VectorCache {
  /** By the collection's key, the one searched last at the end. */
  readonly #cached = new Map<number, Cached>();

  constructor(readonly database: Database, readonly limit: number) {}

  /** The vectors of a collection as the database has them now; undefined if they never fit. */
  async pages(row: CollectionRow): Promise<VectorPages | undefined> {
    const needed = row.count * row.dimensions * 4;
    if (needed > this.limit) return void this.#cached.delete(row.key);
    let cached = this.#cached.get(row.key);
    if (cached?.revision !== row.revision) cached = this.#begin(row);
    this.#cached.delete(row.key);
    this.#cached.set(row.key, cached!);
    let sum = needed;
    for (const [key, { pages }] of [...this.#cached].reverse()) {
      if (key !== row.key && (sum += pages.bytes) > this.limit) this.#cached.delete(key);
    }
    await cached!.loaded;
    return cached!.pages;
  }

  /** Tells of a write that this process has committed to the collection, from the row read in its transaction. */
  written({ key, revision }: CollectionRow, change: (pages: VectorPages) => void): void {
    const cached = this.#cached.get(key);
    if (!cached) return;
    if (cached.revision !== revision) return void this.#cached.delete(key);
    change(cached.pages);
    cached.revision = revision + 1;
  }

  forget(key: number): void {
    this.#cached.delete(key);
  }

  #begin(row: CollectionRow): Cached {
    const pages = new VectorPages(row.dimensions, row.metric);
    const loaded = this.#load(row, pages);
    loaded.catch(() => this.#cached.delete(row.key)); // the search that waits reports it; the next one tries again
    return { pages, revision: row.revision, loaded };
  }

  /** Reads by key and gives way in between: what `written` changes meanwhile is either still to be read as it is then, or already changed here. */
  async #load(row: CollectionRow, pages: VectorPages): Promise<void> {
    for (let last = 0;;) {
      const rows = readVectors(this.database, row, last);
      for (const { key, vector } of rows) pages.set(key, vector);
      if (rows.length < ROWS_A_READ) return;
      last = rows.at(-1)!.key;
      await setImmediate();
    }
  }
}
