import { setImmediate } from "node:timers/promises";
import { loadUsearch, Neighbours } from "../neighbours.ts";
import { VectorPages } from "../vector_pages.ts";
import type { Database } from "./database.ts";
import { loadIndex, removeIndexes, saveIndex } from "./index_file.ts";
import { type CollectionRow, readVectors, ROWS_A_READ } from "./rows.ts";

interface Cached {
  pages: VectorPages;
  revision: number;
  loaded: Promise<void>;
  complete: boolean;
}

/** Vectors of the collections searched last, as many as fit `limit` bytes. */
export class VectorCache {
  /** By the collection's key, the one searched last at the end. */
  readonly #cached = new Map<number, Cached>();

  private constructor(
    readonly database: Database,
    readonly limit: number,
    private readonly usearch?: Awaited<ReturnType<typeof loadUsearch>>,
  ) {}

  static async open(database: Database, limit: number, indexed: boolean): Promise<VectorCache> {
    return new VectorCache(database, limit, indexed ? await loadUsearch() : undefined);
  }

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
  written({ key, revision }: CollectionRow, change: (vectors: Pick<VectorPages, "set" | "delete">) => void): void {
    const cached = this.#cached.get(key);
    if (!cached) return;
    if (cached.revision !== revision) return void this.#cached.delete(key);
    change({
      set(key, vector) {
        cached.pages.set(key, vector);
        cached.pages.neighbours?.set(key, vector);
      },
      delete(key) {
        cached.pages.delete(key);
        cached.pages.neighbours?.delete(key);
      },
    });
    cached.revision = revision + 1;
  }

  /** Lets go of a deleted collection. */
  forget(key: number): void {
    this.#cached.delete(key);
    removeIndexes(this.database.path, key);
  }

  /** Keeps the indexes for the next start. */
  save(): void {
    for (const [key, { pages: { neighbours }, revision, complete }] of this.#cached) {
      if (neighbours && complete) saveIndex(this.database.path, key, revision, neighbours);
    }
    this.#cached.clear();
  }

  #begin(row: CollectionRow): Cached {
    const neighbours = this.usearch && new Neighbours(this.usearch, row.dimensions, row.metric);
    const pages = new VectorPages(row.dimensions, row.metric, neighbours);
    const loaded = this.#load(row, pages, neighbours && loadIndex(this.database.path, row, neighbours) ? undefined : neighbours);
    const cached = { pages, revision: row.revision, loaded, complete: false };
    loaded.then(() => cached.complete = true, () => this.#cached.delete(row.key)); // the search that waits reports it; the next one tries again
    return cached;
  }

  /** Reads by key and gives way in between: what `written` changes meanwhile is either still to be read as it is then, or already changed here. */
  async #load(row: CollectionRow, pages: VectorPages, unfilled?: Neighbours): Promise<void> {
    for (let last = 0;;) {
      const rows = readVectors(this.database, row, last);
      for (const { key, vector } of rows) pages.set(key, vector);
      unfilled?.addMissing(rows);
      if (rows.length < ROWS_A_READ) return;
      last = rows.at(-1)!.key;
      await setImmediate();
    }
  }
}
