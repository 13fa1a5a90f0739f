// One batch of texts from its plan: a pure function of (text set, recipe, plan), on this thread, as copying tokens needs no worker.
import { Loader, type LoaderOptions, type PlacedData } from "../loader.ts";
import type { BatchPlan } from "../order.ts";
import { maskText, mostPredictions, type TextMaskOptions } from "./mask_text.ts";
import type { TextSet } from "./text_set.ts";

export interface TextBatchRecipe {
  /** How tokens are masked, drawn anew in each epoch; absent: the model sees the texts as they are. */
  mask?: TextMaskOptions;
  /** Tokens that the texts of a batch may have, ascending up to the set's: the least that holds the longest is T. Absent: the set's alone. */
  lengths?: readonly number[];
}

/** Lengths for batches of texts of up to `most` tokens: its quarters as multiples of 8. */
export const batchLengths = (most: number): number[] => [
  ...new Set([1, 2, 3, 4].map((quarters) => Math.min(most, 8 * Math.ceil(quarters * most / 32)))),
];

/** B places of T tokens; an empty place has weight 0, label -1 and nothing but padding. */
export interface TextBatch extends PlacedData {
  /** (B * T) numbers of tokens, as the model sees them. */
  tokens: Uint32Array<ArrayBuffer>;
  /** (B * T) 1 for a token, 0 for padding. */
  keys: Float32Array<ArrayBuffer>;
  /** (B) class numbers, -1 where there is none. */
  labels: Int32Array<ArrayBuffer>;
  /** (B) what errors and pages call the samples; "" for an empty place. */
  names: string[];
  /** What is to be predicted; absent without a mask. */
  masked?: MaskedTokens;
}

/** M = B * `mostPredictions` masked tokens; what is filled up has weight 0. */
export interface MaskedTokens {
  /** Their rows b * T + t, and what stood there. */
  rows: Uint32Array<ArrayBuffer>;
  targets: Uint32Array<ArrayBuffer>;
  weights: Float32Array<ArrayBuffer>;
  /** Rows of the borders of the token's span and its place within, where `bounded` is 1. */
  left: Uint32Array<ArrayBuffer>;
  right: Uint32Array<ArrayBuffer>;
  offset: Uint32Array<ArrayBuffer>;
  bounded: Float32Array<ArrayBuffer>;
}

/** Fills the batch of a plan. */
export function makeTextBatch(set: TextSet, { mask, lengths = [set.tokens] }: TextBatchRecipe, plan: BatchPlan): TextBatch {
  const { indices } = plan, B = indices.length, { wordPiece } = set;
  const longest = indices.reduce((most, index) => index < 0 ? most : Math.max(most, set.read(index).ids.length), 0);
  const T = lengths.find((length) => length >= longest)!;
  const batch: TextBatch = {
    tokens: new Uint32Array(B * T).fill(wordPiece.pad),
    keys: new Float32Array(B * T),
    labels: new Int32Array(B).fill(-1),
    weights: new Float32Array(B),
    names: new Array(B).fill(""),
    skipped: [],
  };
  const P = mask ? mostPredictions(T, mask) : 0, masked = mask && emptyMask(B * P);
  for (const [place, index] of indices.entries()) {
    if (index < 0) continue;
    const { name, ids, label } = set.read(index);
    let seen = ids;
    if (masked) {
      const one = maskText({ ...plan, index }, ids, wordPiece, mask), at = place * P, first = place * T;
      seen = one.tokens;
      for (const [i, position] of one.positions.entries()) {
        masked.rows[at + i] = first + position;
        if (!one.bounded[i]) continue;
        masked.left[at + i] = first + one.left[i];
        masked.right[at + i] = first + one.right[i];
      }
      masked.targets.set(one.targets, at);
      masked.weights.fill(1, at, at + one.positions.length);
      masked.offset.set(one.offset, at);
      masked.bounded.set(one.bounded, at);
    }
    batch.tokens.set(seen, place * T);
    batch.keys.fill(1, place * T, place * T + seen.length);
    batch.labels[place] = label;
    batch.names[place] = name;
    batch.weights[place] = 1;
  }
  return masked ? { ...batch, masked } : batch;
}

function emptyMask(M: number): MaskedTokens {
  const numbers = () => new Uint32Array(M), marks = () => new Float32Array(M);
  return { rows: numbers(), targets: numbers(), weights: marks(), left: numbers(), right: numbers(), offset: numbers(), bounded: marks() };
}

/** The loader of a run over texts: order, resume and places as for pictures, but texts of like length come together where that saves padding. */
export function openTextLoader(set: TextSet, recipe: TextBatchRecipe, options: Omit<LoaderOptions, "ahead" | "size">): Loader<TextBatch> {
  const size = recipe.lengths && ((index: number) => set.read(index).ids.length);
  return new Loader<TextBatch>(set, (plan) => Promise.resolve(makeTextBatch(set, recipe, plan)), { ...options, size, ahead: 1 });
}
