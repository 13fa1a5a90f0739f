// Whether a tokenizer uses its vocabulary, and what its tokens cost.

import { ShapeError } from "../errors.ts";

export interface CodebookStatistics {
  /** V. */
  vocab: number;
  /** Tokens that were counted. */
  tokens: number;
  /** Codes that occur, and their share of the vocabulary. */
  used: number;
  share: number;
  /** Of the frequencies of single tokens, in bits; log2 V at most. */
  unigramEntropy: number;
  /** 2 ^ unigramEntropy: how many codes, used evenly, would be as varied. */
  perplexity: number;
  /** Codes by how often they occur: how many lie between `from` and `to` (included) of an even share tokens / V. */
  histogram: { from: number; to: number; codes: number }[];
  /** Fewer than a tenth of the codes occur. */
  collapsed: boolean;
  /** The same in a sentence. */
  words: string;
}

/** Advice where the codebook has collapsed; measured, see docs/tokenizers.md. */
export const whatToDo =
  "The first dozens of updates always look so; later, give the tokenizer a usage weight of 1, a kl weight of 0 and a temperature that ends at 0.5.";

/** Below this share of codes in use, the codebook counts as collapsed. */
const collapseShare = 0.1;

/** Borders of the histogram as multiples of an even share, beside "never". */
const borders = [0, 0.25, 0.5, 1, 2, 4, Infinity];

/**
 * Statistics of how often each code occurs (`countTokens`) on held-out pictures. @throws ShapeError when nothing was counted.
 *
 * ```ts
 * import { codebookStatistics } from "../../mod.ts";
 * const { used, perplexity } = codebookStatistics([8, 8, 0, 0]);
 * console.assert(used === 2 && perplexity === 2);
 * ```
 */
export function codebookStatistics(counts: ArrayLike<number>): CodebookStatistics {
  const each = Array.from(counts), vocab = each.length, tokens = each.reduce((a, b) => a + b, 0);
  if (!(tokens > 0)) {
    throw new ShapeError(`codebookStatistics: ${tokens} tokens of ${vocab} kinds were counted; encode at least one picture`);
  }
  const used = each.filter((count) => count > 0).length, share = used / vocab;
  const unigramEntropy = each.reduce((sum, count) => count ? sum - count / tokens * Math.log2(count / tokens) : sum, 0);
  const histogram = [{ from: 0, to: 0, codes: vocab - used }];
  for (let i = 0; i + 1 < borders.length; i++) {
    const [from, to] = [borders[i], borders[i + 1]],
      within = (count: number) => count > 0 && count * vocab > from * tokens && count * vocab <= to * tokens;
    histogram.push({ from, to, codes: each.filter(within).length });
  }
  const collapsed = share < collapseShare, percent = (100 * share).toFixed(share < 0.01 ? 2 : 0);
  const perplexity = 2 ** unigramEntropy,
    facts = `${used} of ${vocab} codes (${percent} %) are used, as varied as ${perplexity.toFixed(0)} used evenly`;
  const words = collapsed ? `The codebook has collapsed: ${facts}.` : `${facts[0].toUpperCase()}${facts.slice(1)}.`;
  return { vocab, tokens, used, share, unigramEntropy, perplexity, histogram, collapsed, words };
}

/**
 * Bits a pixel of tokens that stand for scale x scale pixels each, coded by their unigram frequencies.
 *
 * ```ts
 * import { bitsPerPixel, codebookStatistics } from "../../mod.ts";
 * console.assert(bitsPerPixel(codebookStatistics([5, 5, 5, 5]), 4) === 2 / 16);
 * ```
 */
export function bitsPerPixel({ unigramEntropy }: Pick<CodebookStatistics, "unigramEntropy">, scale: number): number {
  return unigramEntropy / scale ** 2;
}

/**
 * Peak signal-to-noise ratio in dB of pictures within 0 to 1, from their mean squared error.
 *
 * ```ts
 * import { psnr } from "../../mod.ts";
 * console.assert(psnr(0.01) === 20);
 * ```
 */
export function psnr(l2: number): number {
  return -10 * Math.log10(l2);
}
