// Which tokens of a text a model must predict, and what it sees instead: a function of (seed, epoch, index), so anew in every epoch.

import { RecipeError } from "../../errors.ts";
import type { NumberSource } from "../mask.ts";
import { type DrawKey, draws } from "../random.ts";
import { roundHalfEven } from "../round.ts";
import { drawSpans, type Span, spanBudget, type SpanOptions } from "./spans.ts";

export interface TextMaskOptions extends SpanOptions {
  /** "tokens": anywhere, each on its own (BERT); "spans": whole words in a row (SpanBERT). */
  kind?: "tokens" | "spans";
  /** What stands at a masked token, chosen once a span; BERT's 0.8, 0.1, 0.1 if absent. */
  shares?: Shares;
  /** Tokens of a span, counted from its left border, that are predicted from its borders; 15 in the paper. */
  boundaryTargets?: number;
}

/** What masking must know of a vocabulary. */
export interface MaskVocabulary {
  size: number;
  /** Number of [MASK]. */
  mask: number;
  /** (size) 1 for a token that begins a word. */
  wordStarts: Uint8Array;
}

/** A text as the model sees it, and what it must predict. */
export interface MaskedText {
  /** (L) */
  tokens: Uint32Array;
  /** (n) places of the masked tokens, ascending, and what stood there. */
  positions: Uint32Array;
  targets: Uint32Array;
  /** (n) borders of the span and place within it, of those with `bounded` 1; 0 of the others. */
  left: Uint32Array;
  right: Uint32Array;
  offset: Uint32Array;
  bounded: Float32Array;
}

/** Most tokens that are predicted of a text of `length`, [CLS] and [SEP] included. */
export function mostPredictions(length: number, options: TextMaskOptions = {}): number {
  if (options.kind === "spans") return Math.max(1, spanBudget(length - 2, options));
  return Math.min(length - 2, Math.max(1, roundHalfEven(length * (options.share ?? 0.15))));
}

/**
 * The text of sample `key.index` in epoch `key.epoch`: the same for any number of workers and after a resume. `ids` (L) begins with [CLS] and
 * ends with [SEP], which are never masked. Throws RecipeError for shares that cannot be.
 */
export function maskText(key: DrawKey, ids: Uint32Array, vocabulary: MaskVocabulary, options: TextMaskOptions = {}): MaskedText {
  const { kind = "tokens", shares = { mask: 0.8, random: 0.1, keep: 0.1 }, boundaryTargets = 15, share = 0.15 } = options;
  if (!(share > 0 && share < 1)) throw new RecipeError(`mask: share is ${share}; give a number between 0 and 1`);
  const numbers = draws(key, "text mask"), content = ids.subarray(1, -1);
  if (content.length === 0) throw new RecipeError("mask: the text has no token but [CLS] and [SEP]; leave empty texts out");
  const spans = kind === "spans"
    ? drawSpans(numbers, content.map((id) => vocabulary.wordStarts[id]), options).merged
    : drawTokens(numbers, content.length, mostPredictions(ids.length, options));

  const n = spans.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  const masked: MaskedText = {
    tokens: replaceSpans(draws(key, "text mask content"), ids, spans, vocabulary, checkShares(shares)),
    positions: new Uint32Array(n),
    targets: new Uint32Array(n),
    left: new Uint32Array(n),
    right: new Uint32Array(n),
    offset: new Uint32Array(n),
    bounded: new Float32Array(n),
  };
  let at = 0;
  for (const { start, end } of spans) {
    for (let i = start; i <= end; i++, at++) {
      masked.positions[at] = i + 1;
      masked.targets[at] = content[i];
      // As published: a span at either end of the text has no border there, though [CLS] or [SEP] stands beside it.
      if (start === 0 || end === content.length - 1 || i - start >= boundaryTargets) continue;
      masked.left[at] = start;
      masked.right[at] = end + 2;
      masked.offset[at] = i - start;
      masked.bounded[at] = 1;
    }
  }
  return masked;
}

/** `count` single tokens, ascending. */
function drawTokens(numbers: ReturnType<typeof draws>, length: number, count: number): Span[] {
  return [...numbers.permutation(length).subarray(0, count)].sort((a, b) => a - b).map((i) => ({ start: i, end: i }));
}

/** What the model sees. The choice is one for all tokens of a span; random tokens are drawn one by one from the whole vocabulary. */
function replaceSpans(
  numbers: NumberSource,
  ids: Uint32Array,
  spans: Span[],
  { size, mask }: MaskVocabulary,
  { keep, random }: Shares,
): Uint32Array {
  const seen = ids.slice();
  for (const { start, end } of spans) {
    const u = numbers.uniform(0, 1);
    for (let i = start + 1; i <= end + 1; i++) {
      // By the share of the others, so that rounding of their sum can never keep a token at 1, 0, 0.
      if (u >= random + keep) seen[i] = mask;
      else if (u < random) seen[i] = numbers.integer(0, size - 1);
    }
  }
  return seen;
}

/** Shares of the spans at which [MASK], random tokens or the text itself stands; they sum to 1. */
export interface Shares {
  mask: number;
  random: number;
  keep: number;
}

function checkShares(shares: Shares): Shares {
  for (const [name, share] of Object.entries(shares)) {
    if (!(share >= 0 && share <= 1)) throw new RecipeError(`mask: the share of ${name} is ${share}; give a share from 0 to 1`);
  }
  const { mask, random, keep } = shares, sum = mask + random + keep;
  if (Math.abs(sum - 1) <= 1e-9) return shares;
  throw new RecipeError(`mask: the shares mask ${mask}, random ${random} and keep ${keep} sum to ${sum}; make it 1`);
}
