// Spans of whole words as SpanBERT draws them (pretraining/fairseq/data/masking.py).

import { RecipeError } from "../../errors.ts";
import type { NumberSource } from "../mask.ts";

export interface SpanOptions {
  /** Share of the tokens to mask; their number is rounded up. 0.15 in the paper. */
  share?: number;
  /** Words of a span: geometric with this p between `shortest` and `longest`; 0.2, 1 and 10 in the paper. */
  p?: number;
  shortest?: number;
  longest?: number;
}

/** Tokens from `start` to `end`, both included. */
export interface Span {
  start: number;
  end: number;
}

export interface DrawnSpans {
  /** As drawn: they may touch and overlap. */
  drawn: Span[];
  /** Those that touch or overlap made one, in order: what is replaced and predicted as a whole. */
  merged: Span[];
}

/** Tokens that `drawSpans` masks of a text of `length`. */
export function spanBudget(length: number, { share = 0.15 }: SpanOptions = {}): number {
  // Without the last digits, in which 20 * 0.15 is more than 3.
  return Math.min(length, Math.ceil(Number((length * share).toPrecision(12))));
}

/** Chances of 1 word, 2 words, ...: the geometric distribution cut at both ends. Throws RecipeError for numbers that make none. */
export function lengthChances({ p = 0.2, shortest = 1, longest = 10 }: SpanOptions = {}): Float64Array {
  if (!(p > 0 && p < 1)) throw new RecipeError(`spans: p is ${p}; give a number between 0 and 1`);
  if (!(Number.isInteger(shortest) && Number.isInteger(longest) && 1 <= shortest && shortest <= longest)) {
    throw new RecipeError(`spans: shortest ${shortest} and longest ${longest} are no range of words; give whole numbers from 1, in order`);
  }
  const chances = Float64Array.from({ length: longest }, (_, i) => i + 1 < shortest ? 0 : p * (1 - p) ** (i + 1 - shortest));
  const sum = chances.reduce((a, b) => a + b);
  return chances.map((chance) => chance / sum);
}

/**
 * Spans until the budget is used up. `wordStarts` has 1 where a token begins a word; the first token counts as such. A span begins with the
 * word that a random token lies in (a masked one is drawn again, with the length) and goes on to the right, until its words are taken, the
 * text ends or the budget does.
 */
export function drawSpans(numbers: NumberSource, wordStarts: ArrayLike<number>, options: SpanOptions = {}): DrawnSpans {
  const length = wordStarts.length, budget = spanBudget(length, options), chances = lengthChances(options);
  const masked = new Uint8Array(length), drawn: Span[] = [];
  for (let left = budget; left > 0;) {
    const words = drawLength(numbers, chances), anchor = numbers.integer(0, length - 1);
    if (masked[anchor]) continue;
    let start = anchor;
    while (start > 0 && !wordStarts[start]) start--;
    let end = start;
    for (let i = start, begun = 0; i < length && left > 0; i++) {
      if ((i === start || wordStarts[i]) && ++begun > words) break;
      if (!masked[i]) left--;
      masked[i] = 1;
      end = i;
    }
    drawn.push({ start, end });
  }
  return { drawn, merged: merge(drawn) };
}

function drawLength(numbers: NumberSource, chances: Float64Array): number {
  let rest = numbers.uniform(0, 1);
  for (const [i, chance] of chances.entries()) {
    rest -= chance;
    if (rest < 0) return i + 1;
  }
  return chances.length;
}

function merge(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && span.start <= last.end + 1) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged;
}
