import { StoreError } from "../errors.ts";
import type { Metric } from "./store.ts";

/** What is used of usearch's index. */
interface Index {
  add(keys: BigUint64Array, vectors: Float32Array, threads?: number): void;
  remove(key: bigint): unknown;
  contains(key: bigint): boolean;
  search(vector: Float32Array, count: number, threads: number): { keys: BigUint64Array };
  size(): number;
  save(path: string): void;
  load(path: string): void;
}

type Usearch = { Index: new (options: Record<string, unknown>) => Index };

const METRIC: Record<Metric, string> = { cosine: "cos", dot: "ip", euclidean: "l2sq" };

/** Loads the npm package usearch, which is no dependency; StoreError says how to install it. */
export async function loadUsearch(): Promise<Usearch> {
  const name = "npm:usearch@2.26.2"; // a literal in import() would make every user of this module fetch it
  try {
    return await import(name) as Usearch;
  } catch (error) {
    const why = (error as Error).message.split("\n")[0];
    throw new StoreError(
      "unavailable",
      `store: the index needs the npm package usearch (${why}); install it with: npm install usearch@2.26.2`,
      {
        cause: error,
      },
    );
  }
}

/**
 * An index over vectors (HNSW, by usearch) that names likely neighbours, for the exact scores of which its user looks at the vectors. It
 * holds vectors of its own: an indexed collection needs memory twice.
 */
export class Neighbours {
  #index: Index;

  constructor(private readonly usearch: Usearch, readonly dimensions: number, readonly metric: Metric) {
    this.#index = this.#empty();
  }

  get size(): number {
    return this.#index.size();
  }

  /** Adds vectors of keys that it does not have; those it has are kept. */
  addMissing(entries: readonly { key: number; vector: Float32Array }[]): void {
    const missing = entries.filter(({ key }) => !this.#index.contains(BigInt(key)));
    if (!missing.length) return;
    const matrix = new Float32Array(missing.length * this.dimensions);
    missing.forEach(({ vector }, i) => matrix.set(vector, i * this.dimensions));
    this.#index.add(BigUint64Array.from(missing, ({ key }) => BigInt(key)), matrix, 0);
  }

  set(key: number, vector: Float32Array): void {
    this.delete(key);
    this.addMissing([{ key, vector }]);
  }

  delete(key: number): void {
    if (this.#index.contains(BigInt(key))) this.#index.remove(BigInt(key));
  }

  /** Keys of some of the nearest. */
  candidates(vector: Float32Array, count: number): number[] {
    if (!this.size) return [];
    return Array.from(this.#index.search(vector, Math.min(count, this.size), 0).keys, Number);
  }

  save(path: string): void {
    this.#index.save(path);
  }

  /** Reads what `save` wrote; false, and empty, if it cannot be read or does not hold `size` vectors. */
  load(path: string, size: number): boolean {
    try {
      this.#index.load(path);
      if (this.size === size) return true;
    } catch { /* a file of another version, or half of one: the index is made anew */ }
    this.#index = this.#empty();
    return false;
  }

  #empty(): Index {
    return new this.usearch.Index({ dimensions: this.dimensions, metric: METRIC[this.metric], quantization: "f32", multi: false });
  }
}
