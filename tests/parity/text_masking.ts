// Kinds "bert_mask_stats" and "span_mask_stats": what many masks of texts have in common. Host arithmetic, so every device gives the same.

import { maskText, type TextMaskOptions } from "../../src/data/text/mask_text.ts";
import { drawSpans, lengthChances, type Span, spanBudget } from "../../src/data/text/spans.ts";
import { draws } from "../../src/data/random.ts";
import type { Device } from "../../src/devices/device.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import type { Fixture } from "./fixture.ts";

type Allowed = Record<string, number>;

/** Which of the three stands at a place. */
const choice = (seen: number, stood: number, mask: number) => seen === mask ? "mask" : seen === stood ? "keep" : "random";

export function bertMaskStats({ manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  const { length, masked_lm_prob: share, vocab: size } = manifest.config, allowed = manifest.tolerance as unknown as Allowed;
  const n = allowed.for_n_draws, vocabulary = { size, mask: 3, wordStarts: new Uint8Array(size).fill(1) };
  const ids = Uint32Array.from({ length }, (_, i) => 1000 + i), seen = { mask: 0, random: 0, keep: 0 }, at = new Float64Array(length);
  for (let index = 0; index < n; index++) {
    const { tokens, positions } = maskText({ seed: manifest.seed, epoch: 0, index }, ids, vocabulary, { share });
    exact(check, `predictions of text ${index}`, [positions.length], [manifest.expected]);
    for (const i of positions) {
      at[i] += 1 / n;
      seen[choice(tokens[i], ids[i], vocabulary.mask)] += 1 / n / manifest.expected;
    }
  }
  for (const [name, want] of Object.entries<number>(manifest.fractions)) {
    check.close(`share of ${name}`, [seen[name as keyof typeof seen]], [want], { rtol: 0, atol: allowed.fractions_abs });
  }
  check.close("frequency of the places", at, manifest.position_frequency, { rtol: 0, atol: allowed.position_frequency_abs });
  return Promise.resolve();
}

/** Shares of the lengths 1, 2, ... among spans, and their mean. */
class Lengths {
  readonly counts: number[] = [];
  total = 0;
  spans = 0;

  add({ start, end }: Span): void {
    const length = end - start + 1;
    this.counts[length] = (this.counts[length] ?? 0) + 1;
    this.total += length;
    this.spans++;
  }
  get mean(): number {
    return this.total / this.spans;
  }
}

export function spanMaskStats({ manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  const c = manifest.config, allowed = manifest.tolerance as unknown as Allowed, n = allowed.for_n_draws, size = 30_000;
  const options: TextMaskOptions = { kind: "spans", share: c.mask_ratio, p: c.geometric_p, shortest: c.span_lower, longest: c.span_upper };
  const close = (label: string, got: ArrayLike<number>, want: ArrayLike<number>, atol: number) =>
    check.close(label, got, want, { rtol: 0, atol });
  close("chances of the lengths", lengthChances(options), Object.values(manifest.len_distribution), 1e-12);
  exact(check, "budget", [spanBudget(c.length, options)], [manifest.expected_masked]);

  const raw = new Lengths(), merged = new Lengths(), pairs = new Float64Array(c.length), at = new Float64Array(c.length);
  const seen = { mask: 0, random: 0, keep: 0 }, mask = 2, ids = Uint32Array.from({ length: c.length + 2 }, (_, i) => 1000 + i);
  let mixed = 0;
  for (let index = 0; index < n; index++) {
    const key = { seed: manifest.seed, epoch: 0, index }, words = draws(key, "words");
    // Each of the text's tokens is another one, so a text's beginnings of words are a vocabulary's.
    const starts = Uint8Array.from({ length: c.length }, () => Number(words.uniform() < c.prob_word_start)),
      wordStarts = new Uint8Array(size);
    starts.forEach((start, i) => wordStarts[ids[i + 1]] = start);
    const { tokens, positions, bounded, offset } = maskText(key, ids, { size, mask, wordStarts }, {
      ...options,
      boundaryTargets: c.max_pair_targets,
    });
    const spans = drawSpans(draws(key, "text mask"), starts, options);
    spans.drawn.forEach((span) => raw.add(span));
    spans.merged.forEach((span) => merged.add(span));
    exact(check, `places of text ${index}`, positions, spans.merged.flatMap(({ start, end }) => range(start + 1, end + 1)));
    exact(check, `number masked in text ${index}`, [positions.length], [manifest.expected_masked]);
    for (const i of positions) at[i - 1] += 1 / n;
    pairs[bounded.filter((one, i) => one === 1 && offset[i] === 0).length] += 1 / n;
    for (const { start, end } of spans.merged) {
      const choices = new Set(range(start + 1, end + 1).map((i) => choice(tokens[i], ids[i], mask)));
      mixed += Number(choices.size > 1);
      for (const one of choices) seen[one] += 1 / choices.size;
    }
  }
  // A random token may be the token itself, once in 30,000.
  if (mixed > n / 1000) check.fail(`${mixed} spans of ${merged.spans} have more than one kind of replacement`);
  const histogram = (label: string, got: (length: number) => number, want: Record<string, number>) =>
    close(label, Object.keys(want).map((length) => got(Number(length))), Object.values(want), allowed.hist_abs);
  histogram("lengths of drawn spans", (i) => (raw.counts[i] ?? 0) / raw.spans, manifest.raw_span_tokens_hist);
  histogram("lengths of merged spans", (i) => (merged.counts[i] ?? 0) / merged.spans, manifest.merged_span_tokens_hist);
  histogram("pairs a text", (i) => pairs[i], manifest.sbo_pairs_hist);
  close("mean length of drawn spans", [raw.mean], [manifest.raw_span_tokens_mean], allowed.raw_mean_abs);
  close("mean length of merged spans", [merged.mean], [manifest.merged_span_tokens_mean], allowed.merged_mean_abs);
  close("merged spans a text", [merged.spans / n], [manifest.merged_spans_per_sentence_mean], allowed.merged_mean_abs);
  for (const [name, want] of Object.entries<number>(manifest.replacement_per_merged_span)) {
    close(`share of ${name}`, [seen[name as keyof typeof seen] / merged.spans], [want], allowed.replacement_abs);
  }
  close("frequency of the places", at, manifest.position_frequency, allowed.position_frequency_abs);
  return Promise.resolve();
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
