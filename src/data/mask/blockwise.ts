// Blockwise masking as BEiT's official generator draws it (unilm beit/masking_generator.py), and its repair.

import { RecipeError } from "../../errors.ts";
import { roundHalfEven } from "../round.ts";

/** Where a generator takes its numbers from: `Draws`, or recorded numbers. */
export interface NumberSource {
  /** From low to high; a reversed range is asked for when fewer patches are missing than a block has at least. */
  uniform(low: number, high: number): number;
  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number;
}

export interface BlockOptions {
  /** Patches in a column and in a row. */
  height: number;
  width: number;
  /** Patches to mask. */
  count: number;
  /** Area of a block, in patches: at least (16 in the paper), at most (`count` if absent). */
  minBlock: number;
  maxBlock?: number;
  /** Height by width of a block: from here (0.3 in the paper) to its inverse if `maxAspect` is absent. */
  minAspect: number;
  maxAspect?: number;
}

export interface Block {
  top: number;
  left: number;
  height: number;
  width: number;
  /** Patches that no block before had masked. */
  added: number;
}

export interface BlockMask {
  /** (height * width), row by row: 1 where masked. */
  mask: Uint8Array;
  count: number;
  blocks: Block[];
}

const attempts = 10;

/**
 * The official generator's mask. It never has more than `count` patches, but fewer where ten blocks in a row did not fit (a third of all
 * masks of 75 on 14x14), and none at all where no block fits into the grid: a loss over such masks is not a number.
 */
export function officialBlockMask(source: NumberSource, options: BlockOptions): BlockMask {
  checkBlocks(options);
  const { height, width, count, maxBlock = count } = options;
  const drawn: BlockMask = { mask: new Uint8Array(height * width), count: 0, blocks: [] };
  while (drawn.count < count) {
    const room = Math.min(count - drawn.count, maxBlock);
    let block: Block | undefined;
    for (let i = 0; i < attempts && !block; i++) block = attempt(source, drawn.mask, options, room);
    if (!block) break;
    for (let y = block.top; y < block.top + block.height; y++) {
      drawn.mask.fill(1, y * width + block.left, y * width + block.left + block.width);
    }
    drawn.blocks.push(block);
    drawn.count += block.added;
  }
  return drawn;
}

/**
 * The official generator's mask, completed to exactly `count` patches: what is missing is added one by one beside masked patches
 * (the first one anywhere). A mask that the official generator completes itself stays as it is.
 */
export function blockMask(source: NumberSource, options: BlockOptions): BlockMask {
  const drawn = officialBlockMask(source, options);
  const { height, width, count } = options;
  const anywhere = Array.from({ length: height * width }, (_, i) => i);
  for (; drawn.count < count; drawn.count++) {
    const free = anywhere.filter((i) => !drawn.mask[i]);
    const beside = free.filter((i) => touches(drawn.mask, i, width));
    const choice = beside.length ? beside : free;
    drawn.mask[choice[source.integer(0, choice.length - 1)]] = 1;
  }
  return drawn;
}

/** One block that fits into the grid and adds 1 to `room` patches, or nothing. The order of the draws is the official one. */
function attempt(source: NumberSource, mask: Uint8Array, options: BlockOptions, room: number): Block | undefined {
  const { minBlock, minAspect, maxAspect = 1 / minAspect } = options;
  const area = source.uniform(minBlock, room);
  const aspect = Math.exp(source.uniform(Math.log(minAspect), Math.log(maxAspect)));
  const height = roundHalfEven(Math.sqrt(area * aspect)), width = roundHalfEven(Math.sqrt(area / aspect));
  if (width >= options.width || height >= options.height) return undefined;
  const top = source.integer(0, options.height - height), left = source.integer(0, options.width - width);
  let added = height * width;
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) added -= mask[y * options.width + x];
  }
  return added > 0 && added <= room ? { top, left, height, width, added } : undefined;
}

function touches(mask: Uint8Array, i: number, width: number): boolean {
  const x = i % width;
  return Boolean(mask[i - width] || mask[i + width] || (x > 0 && mask[i - 1]) || (x < width - 1 && mask[i + 1]));
}

/** Throws RecipeError unless the grid is one and holds 1 to all of its patches masked. */
export function checkCount({ height, width, count }: { height: number; width: number; count: number }): void {
  for (const [name, value] of Object.entries({ height, width, count })) {
    if (!Number.isInteger(value) || value < 1) throw new RecipeError(`mask: ${name} is ${value}; give a whole number from 1`);
  }
  if (count > height * width) {
    throw new RecipeError(`mask: count is ${count}, the grid ${height}x${width} has ${height * width} patches; mask at most these`);
  }
}

function checkBlocks(options: BlockOptions): void {
  checkCount(options);
  const { minBlock, maxBlock = options.count, minAspect, maxAspect = 1 / minAspect } = options;
  for (const [name, value] of Object.entries({ minBlock, maxBlock, minAspect, maxAspect })) {
    if (!(value > 0 && value < Infinity)) throw new RecipeError(`mask: ${name} is ${value}; give a positive number`);
  }
  if (minAspect > maxAspect) throw new RecipeError(`mask: minAspect ${minAspect} is more than maxAspect ${maxAspect}; exchange them`);
}
