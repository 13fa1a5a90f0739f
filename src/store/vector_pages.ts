import { setImmediate } from "node:timers/promises";
import { place, scoreOf, widened } from "./distance.ts";
import type { Neighbours } from "./neighbours.ts";
import type { Metric } from "./store.ts";
import { TopK } from "./top_k.ts";

const PAGE_ROWS = 1024;
/** Neighbours looked at for a few hits: more are found than with the 64 that usearch takes by itself. */
const CANDIDATES = 200;
/** Up to so many vectors are all looked at, index or not: that takes no longer, and an index that threads fill may miss a near one. */
const SCANNED = 1024;
/** Multiplications between two turns of the event loop, about 5 ms. */
const TURN = 8e6;

/**
 * A collection's vectors in memory, in pages of 1024 rows, by the key of their row in the database. A row never moves: a deleted one is left
 * empty for the next that comes. So a scan that gives way to other work meets every vector that was there from its start to its end.
 */
export class VectorPages {
  readonly #pages: Float32Array[] = [];
  /** The key of each row; 0 where it is empty. */
  readonly #keys: number[] = [];
  readonly #rows = new Map<number, number>();
  readonly #empty: number[] = [];

  /** With `neighbours` a search among many looks only at those that they name. */
  constructor(readonly dimensions: number, readonly metric: Metric, readonly neighbours?: Neighbours) {}

  get size(): number {
    return this.#rows.size;
  }

  get bytes(): number {
    return this.#pages.length * PAGE_ROWS * this.dimensions * 4;
  }

  /** Adds or replaces the vector of a key (a whole number above 0). */
  set(key: number, vector: Float32Array): void {
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = this.#empty.pop() ?? this.#keys.length;
      this.#rows.set(key, row);
      this.#keys[row] = key;
    }
    const page = this.#pages[row / PAGE_ROWS | 0] ??= new Float32Array(PAGE_ROWS * this.dimensions);
    place(this.metric, vector, page, (row % PAGE_ROWS) * this.dimensions);
  }

  delete(key: number): void {
    const row = this.#rows.get(key);
    if (row === undefined) return;
    this.#rows.delete(key);
    this.#keys[row] = 0;
    this.#empty.push(row);
  }

  /** Keys and scores of the k nearest, nearest first; among `only` these keys if given, and then exact in any case. */
  async search(
    vector: Float32Array,
    k: number,
    only = this.size > SCANNED ? this.neighbours?.candidates(vector, Math.max(CANDIDATES, 2 * k)) : undefined,
  ): Promise<{ key: number; score: number }[]> {
    const D = this.dimensions, query = widened(this.metric, vector), score = scoreOf[this.metric], best = new TopK(k);
    const rowsATurn = Math.ceil(TURN / D), rows = only ? only.length : this.#keys.length;
    for (let from = 0; from < rows; from += rowsATurn) {
      if (from > 0) await setImmediate();
      for (let i = from, to = Math.min(from + rowsATurn, rows); i < to; i++) {
        const row = only ? this.#rows.get(only[i]) : i;
        if (row === undefined || this.#keys[row] === 0) continue;
        const s = score(query, this.#pages[row / PAGE_ROWS | 0], (row % PAGE_ROWS) * D);
        if (s >= best.floor) best.add(this.#keys[row], s);
      }
    }
    return best.sorted();
  }
}
