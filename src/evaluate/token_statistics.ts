// What a prediction of visual tokens must beat to have learnt anything.
import { ShapeError } from "../errors.ts";

export interface TokenBaselines {
  /** V. */
  vocab: number;
  /** By guessing evenly: accuracy 1 / V, loss ln V. */
  chance: { accuracy: number; loss: number };
  /** By knowing only how often each token occurs: always the commonest one, and the cross-entropy against the frequencies, in nats. */
  unigram: { accuracy: number; loss: number };
}

/** How often each of V tokens occurs. Throws ShapeError for a token beyond the vocabulary. */
export function countTokens(tokens: Iterable<number>, vocab: number, counts: Float64Array = new Float64Array(vocab)): Float64Array {
  for (const token of tokens) {
    if (!(token >= 0 && token < vocab)) {
      throw new ShapeError(`countTokens: token ${token} is beyond the vocabulary of ${vocab}; was it made by another tokenizer?`);
    }
    counts[token]++;
  }
  return counts;
}

/**
 * Both baselines, measured on held-out tokens with frequencies from training tokens. Every token counts once more than it was seen, so
 * that one that training never showed has a finite loss.
 *
 * @throws ShapeError when the counts are of different vocabularies or nothing is held out.
 *
 * ```ts
 * const seen = countTokens([0, 0, 1, 2], 4), held = countTokens([0, 3], 4), { chance, unigram } = tokenBaselines(seen, held);
 * console.assert(chance.accuracy === 0.25 && unigram.accuracy === 0.5);
 * ```
 */
export function tokenBaselines(train: Float64Array, heldOut: Float64Array): TokenBaselines {
  const vocab = train.length, total = train.reduce((a, b) => a + b, 0) + vocab, held = heldOut.reduce((a, b) => a + b, 0);
  if (heldOut.length !== vocab || !(held > 0)) {
    throw new ShapeError(
      `tokenBaselines: ${held} held-out tokens of ${heldOut.length} kinds, training has ${vocab} kinds; count both anew`,
    );
  }
  const commonest = train.reduce((best, count, token) => count > train[best] ? token : best, 0);
  const loss = heldOut.reduce((sum, count, token) => sum - count * Math.log((train[token] + 1) / total), 0) / held;
  return {
    vocab,
    chance: { accuracy: 1 / vocab, loss: Math.log(vocab) },
    unigram: { accuracy: heldOut[commonest] / held, loss },
  };
}
