// Random draws named by what they are for: (seed, epoch, index, purpose) → a stream of numbers.
//
// No draw depends on another sample, on a worker or on what was drawn before, so any number of workers, a crash and a
// resume see the same numbers, and a new purpose never shifts the numbers of the others.

import { DataError } from "../errors.ts";
import { philox4x32 } from "../philox.ts";

/** What a stream of draws belongs to. All three are whole numbers: seed below 2^53, epoch and index below 2^32. */
export interface DrawKey {
  seed: number;
  epoch: number;
  /** Position of the sample in the data set, or of the batch in the epoch. */
  index: number;
}

/**
 * The stream of draws for `key` and `purpose`, e.g. `draws({ seed: 1, epoch: 0, index: 42 }, "crop")`.
 *
 * @throws {DataError} if a part of the key is not a whole number in its range.
 */
export function draws(key: DrawKey, purpose: string): Draws {
  for (const [name, limit] of [["seed", 2 ** 53], ["epoch", 2 ** 32], ["index", 2 ** 32]] as const) {
    const value = key[name];
    if (!Number.isInteger(value) || value < 0 || value >= limit) {
      throw new DataError(`draws("${purpose}"): ${name} is ${value}; give a whole number from 0 to ${limit - 1}`);
    }
  }
  return new Draws([key.seed % 2 ** 32, Math.floor(key.seed / 2 ** 32)], [0, key.index, key.epoch, fnv1a(purpose)]);
}

/** Numbers from one stream, each call the next ones; made by {@linkcode draws}. */
export class Draws {
  readonly #key: [number, number];
  readonly #counter: [number, number, number, number];
  readonly #block = new Uint32Array(4);
  #used = 4;

  constructor(key: [number, number], counter: [number, number, number, number]) {
    this.#key = key;
    this.#counter = counter;
  }

  #word(): number {
    if (this.#used === 4) {
      philox4x32(this.#counter, this.#key, this.#block);
      this.#counter[0]++;
      this.#used = 0;
    }
    return this.#block[this.#used++];
  }

  /** Uniform in [low, high): 53 random bits, equal in every runtime. A reversed range is allowed. */
  uniform(low = 0, high = 1): number {
    const bits = (this.#word() >>> 5) * 2 ** 26 + (this.#word() >>> 6);
    return low + (high - low) * (bits / 2 ** 53);
  }

  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  /** Normal by Box and Muller. (Math.log and Math.cos may differ between runtimes in the last bit.) */
  normal(mean = 0, std = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + std * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** The numbers 0 to n-1 in random order (Fisher and Yates). */
  permutation(n: number): Uint32Array {
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      const j = this.integer(0, i);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** Beta(a, b): Jöhnk's method up to 1, a ratio of gammas above. */
  beta(a: number, b: number): number {
    if (a > 1 || b > 1) {
      const x = this.#gamma(a), y = this.#gamma(b);
      return x / (x + y);
    }
    while (true) {
      // In logarithms, because u^(1/a) underflows for a small a.
      const x = Math.log(1 - this.uniform()) / a, y = Math.log(1 - this.uniform()) / b;
      const top = Math.max(x, y), sum = top + Math.log(Math.exp(x - top) + Math.exp(y - top));
      if (sum <= 0) return Math.exp(x - sum);
    }
  }

  /** Gamma of shape a by Marsaglia and Tsang (2000); below 1 from shape a + 1. */
  #gamma(a: number): number {
    if (a < 1) return this.#gamma(a + 1) * (1 - this.uniform()) ** (1 / a);
    const d = a - 1 / 3, c = 1 / Math.sqrt(9 * d);
    while (true) {
      const x = this.normal(), v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }
}

/** 32 bits that tell purposes apart (FNV-1a). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
