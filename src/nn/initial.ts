// Start values of parameters: named distributions over a stream of draws that belongs to (seed, parameter name) alone, so that a
// model with one parameter more starts every other parameter as before.

import { normalCumulative } from "../../kernels/gelu/erf.ts";
import { philox4x32 } from "../philox.ts";
import { normalQuantile } from "./normal_quantile.ts";

/** A start value for each element, in order: one number for all, given values, or draws. */
export type Initial = number | ArrayLike<number> | ((draws: InitialDraws) => number);

/** Second word of the key: keeps these draws apart from others under the same seed. */
const purpose = 0x494e4954;

/** The stream of random numbers of one parameter. */
export class InitialDraws {
  readonly #key: [number, number];
  readonly #counter: [number, number, number, number];
  readonly #block = new Uint32Array(4);
  #used = 4;
  #spare: number | null = null;

  constructor(seed: number, name: string) {
    this.#key = [seed, purpose];
    this.#counter = [0, 0, hash(name, 0x811c9dc5), hash(name, 0x01234567)];
  }

  /** Uniform strictly inside (0, 1), 32 bits. */
  uniform(): number {
    if (this.#used === 4) {
      philox4x32(this.#counter, this.#key, this.#block);
      this.#counter[0]++;
      this.#used = 0;
    }
    return (this.#block[this.#used++] + 0.5) / 2 ** 32;
  }

  /** Standard normal, two at a time by Box and Muller. */
  normal(): number {
    if (this.#spare !== null) {
      const value = this.#spare;
      this.#spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform())), angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/**
 * Normal with mean 0.
 *
 * ```ts
 * import { initialValues, normalInitial } from "../../mod.ts";
 * const values = initialValues("w", { shape: [1000], init: normalInitial(0.5) }, 0);
 * console.assert(Math.abs(Math.hypot(...values) / Math.sqrt(1000) - 0.5) < 0.05);
 * ```
 */
export function normalInitial(std: number): Initial {
  return (draws) => std * draws.normal();
}

/**
 * Normal with mean 0, of which only what lies within ±bound is drawn. torch's trunc_normal_ has bound 2 (absolute), BEiT's pre-training
 * bound = std. One uniform number a value, through the inverse of the distribution, as in torch: a base model has 90 million values.
 *
 * ```ts
 * import { initialValues, truncatedNormalInitial } from "../../mod.ts";
 * const values = initialValues("w", { shape: [1000], init: truncatedNormalInitial(0.02, 0.04) }, 0);
 * console.assert(values.every((value) => Math.abs(value) <= 0.04));
 * ```
 */
export function truncatedNormalInitial(std: number, bound: number): Initial {
  const below = normalCumulative(-bound / std), within = 1 - 2 * below;
  return (draws) => std * normalQuantile(Math.min(Math.max(below + within * draws.uniform(), 1e-300), 1 - 2 ** -53));
}

/**
 * Uniform over ±bound. torch's default for linear layers and convolutions has bound 1 / sqrt(fan_in).
 *
 * ```ts
 * import { initialValues, uniformInitial } from "../../mod.ts";
 * const values = initialValues("w", { shape: [1000], init: uniformInitial(0.1) }, 0);
 * console.assert(values.every((value) => Math.abs(value) <= 0.1));
 * ```
 */
export function uniformInitial(bound: number): Initial {
  return (draws) => bound * (2 * draws.uniform() - 1);
}

/** 32 bits that tell names apart (FNV-1a from a given start). */
function hash(text: string, start: number): number {
  let value = start;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
