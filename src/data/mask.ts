// Which patches of a picture a model must predict: a function of (seed, epoch, index).

import { blockMask, checkCount, officialBlockMask } from "./mask/blockwise.ts";
import { replaceMasked, type Shares } from "./mask/replace.ts";
import { type DrawKey, draws } from "./random.ts";

export { type Block, type BlockMask, blockMask, type BlockOptions, type NumberSource, officialBlockMask } from "./mask/blockwise.ts";
export { replaceMasked, type Replacement, type Shares } from "./mask/replace.ts";

/** The grid of patches, and how masks are drawn on it. */
export interface MaskOptions {
  /** "blockwise": blocks, always exactly `count`; "official": blocks, at most `count`, also none; "random": `count` patches anywhere. */
  kind?: "blockwise" | "official" | "random";
  /** Patches in a column and in a row. */
  height: number;
  width: number;
  /** Patches to mask; BEiT: 75 of 14x14. */
  count: number;
  /** Area of a block in patches; the paper's 16, or `count` where that is less. */
  minBlock?: number;
  maxBlock?: number;
  minAspect?: number;
  maxAspect?: number;
  /** What stands at the masked patches; the mask token alone if absent. */
  shares?: Shares;
}

/** The mask of one picture of T = height * width patches. */
export interface SampleMask {
  /** (T) 1 where the patch is masked. */
  mask: Uint8Array;
  /** (count) numbers of the masked patches, ascending; where there are fewer, filled up with 0. */
  positions: Uint32Array;
  /** (count) 1 for a masked patch, 0 for what is filled up. */
  weights: Float32Array;
  /** (T) 1 where the mask token stands. */
  token: Uint8Array;
  /** (T) the patch whose content stands at each place. */
  source: Uint32Array;
}

const maskTokenOnly: Shares = { maskToken: 1, randomPatch: 0, unchanged: 0 };

/**
 * The mask of sample `key.index` in epoch `key.epoch`: the same for any number of workers and after a resume.
 * Throws RecipeError for a grid or count that cannot be.
 *
 * ```ts
 * const { mask, positions } = drawMask({ seed: 1, epoch: 0, index: 42 }, { height: 14, width: 14, count: 75 });
 * console.assert(positions.length === 75 && mask[positions[0]] === 1);
 * ```
 */
export function drawMask(key: DrawKey, options: MaskOptions): SampleMask {
  const { kind = "blockwise", count, shares = maskTokenOnly } = options;
  checkCount(options);
  const numbers = draws(key, "mask");
  const blocks = { minBlock: Math.min(16, count), minAspect: 0.3, ...defined(options) };
  const mask = kind === "random"
    ? randomMask(numbers.permutation(options.height * options.width), count)
    : (kind === "official" ? officialBlockMask : blockMask)(numbers, blocks).mask;
  const positions = new Uint32Array(count), weights = new Float32Array(count);
  let n = 0;
  mask.forEach((masked, i) => {
    if (!masked) return;
    positions[n] = i;
    weights[n++] = 1;
  });
  // A stream of its own: asking for other shares leaves the masked places as they are.
  return { mask, positions, weights, ...replaceMasked(draws(key, "mask content"), mask, shares) };
}

function randomMask(order: Uint32Array, count: number): Uint8Array {
  const mask = new Uint8Array(order.length);
  for (const i of order.subarray(0, count)) mask[i] = 1;
  return mask;
}

/** The options that are given, so that an undefined one does not cover a default. */
function defined(options: MaskOptions): MaskOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as MaskOptions;
}
