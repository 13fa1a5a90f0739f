// Samples of like size side by side, so that a batch which is as long as its longest sample has little padding.
import { draws } from "./random.ts";

/** Batches among which samples change places: enough for batches of like sizes, few enough that the order stays a shuffle's. */
const WINDOW = 32;

export interface AlikeOptions {
  seed: number;
  epoch: number;
  batchSize: number;
  /** Size of a sample. */
  size: (index: number) => number;
}

/**
 * `order` with its samples exchanged within windows of 32 batches: sorted by size, cut in batches, and the batches in a drawn order. The
 * samples of an incomplete last batch stay, so that those which an epoch leaves out are no longer than others.
 */
export function alike(order: Uint32Array, { seed, epoch, batchSize, size }: AlikeOptions): Uint32Array {
  const found = order.slice(), whole = order.length - order.length % batchSize;
  for (let from = 0; from < whole; from += WINDOW * batchSize) {
    const window = order.subarray(from, Math.min(whole, from + WINDOW * batchSize));
    const sorted = Array.from(window).sort((a, b) => size(a) - size(b));
    const batches = draws({ seed, epoch, index: from }, "alike").permutation(sorted.length / batchSize);
    for (const [place, batch] of batches.entries()) {
      found.set(sorted.slice(batch * batchSize, (batch + 1) * batchSize), from + place * batchSize);
    }
  }
  return found;
}
