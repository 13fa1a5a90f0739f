// Which samples make which batch: a function of (seed, epoch, position), so that any number of workers, a crash and a resume see the same.
//
// The order of an epoch is a plain Fisher-Yates shuffle in a Uint32Array: 4 bytes a sample (5 MB for ImageNet) and about 0.3 s a million,
// once per epoch. A permutation without memory (a Feistel network) would save that and give up exact uniformity in small sets.
import { DataError } from "../errors.ts";
import { alike } from "./alike.ts";
import { draws } from "./random.ts";

/** Where a loader stands: the next batch starts with sample `position` of the order of `epoch`. All of it is in a checkpoint. */
export interface LoaderState {
  seed: number;
  epoch: number;
  position: number;
}

export interface OrderOptions {
  /** Samples a batch. */
  batchSize: number;
  /** False: ascending order in every epoch (evaluation). */
  shuffle: boolean;
  /** The last batch of an epoch, where samples are left over: filled up with empty places of weight 0, or not made. */
  last: "pad" | "drop";
  /** Epochs to run, counted from 0; Infinity for no end. */
  epochs: number;
  /** Size of a sample: those of like size come in one batch. Absent: as the order has them. A resume needs the batch size it had before. */
  size?: (index: number) => number;
}

/** What to read for one batch. */
export interface BatchPlan {
  seed: number;
  epoch: number;
  /** (B) numbers of samples in the data set; -1 is an empty place. */
  indices: Int32Array;
  /** Where to go on after this batch. */
  next: LoaderState;
}

/** The order of one epoch: every number below `length` once. */
export function epochOrder(length: number, { seed, epoch, shuffle }: { seed: number; epoch: number; shuffle: boolean }): Uint32Array {
  return shuffle ? draws({ seed, epoch, index: 0 }, "order").permutation(length) : Uint32Array.from({ length }, (_, i) => i);
}

/** Plans batches from `state` on. Batches never reach over the end of an epoch. Throws DataError where state or options do not fit the set. */
export function* batchPlans(
  length: number,
  { batchSize, shuffle, last, epochs, size }: OrderOptions,
  state: LoaderState,
): Generator<BatchPlan> {
  const { seed } = state;
  let { epoch, position } = state;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new DataError(`batches: the batch size is ${batchSize}; give a whole number from 1`);
  }
  if (!Number.isInteger(position) || position < 0 || position > length) {
    throw new DataError(`batches: the saved position is ${position}, the set has ${length} samples; it was saved with another data set`);
  }
  if (last === "drop" && length < batchSize) {
    throw new DataError(
      `batches: ${length} samples make no batch of ${batchSize} when the last is dropped; use a smaller batch or pad the last`,
    );
  }
  for (; epoch < epochs; epoch++, position = 0) {
    const drawn = epochOrder(length, { seed, epoch, shuffle }), order = size ? alike(drawn, { seed, epoch, batchSize, size }) : drawn;
    const end = last === "drop" ? length - batchSize + 1 : length;
    while (position < end) {
      const indices = new Int32Array(batchSize).fill(-1);
      indices.set(order.subarray(position, position + batchSize));
      position = Math.min(position + batchSize, length);
      const done = position >= end;
      yield { seed, epoch, indices, next: done ? { seed, epoch: epoch + 1, position: 0 } : { seed, epoch, position } };
    }
  }
}
