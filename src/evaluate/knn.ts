import { ShapeError } from "../errors.ts";
import type { Features } from "./features.ts";
import { nearest, type Neighbours } from "./neighbours.ts";

export interface KnnOptions {
  /** Neighbours that vote; 20 if absent, the value that DINO reports most. */
  k?: number;
  /** A neighbour of cosine s votes with exp(s / temperature); 0.07 if absent, as in DINO's protocol. */
  temperature?: number;
}

/**
 * Class of each query by the weighted vote of its nearest neighbours: the protocol of DINO (Caron et al. 2021, after Wu et al. 2018).
 * Features need no unit length. Of classes with equal votes the smallest number wins.
 *
 * @throws ShapeError when labels do not match the bank.
 *
 * ```ts
 * import { features } from "./features.ts";
 * const bank = features(Float32Array.of(1, 0, 0.9, 0.1, 0, 1), 2), query = features(Float32Array.of(0.1, 0.8), 2);
 * console.assert(knnClassify(bank, [0, 0, 1], query, { k: 1 })[0] === 1);
 * ```
 */
export function knnClassify(
  bank: Features,
  labels: ArrayLike<number>,
  queries: Features,
  { k = 20, temperature }: KnnOptions = {},
): Uint32Array {
  if (labels.length !== bank.rows) throw new ShapeError(`knn: ${labels.length} labels for ${bank.rows} rows; give one a row`);
  return knnVote(nearest(bank, queries, Math.min(k, bank.rows)), labels, { temperature });
}

/**
 * `knnClassify()` with neighbours that were found before; `labels` are the bank's.
 *
 * ```ts
 * import { featureTable, knnVote, nearest } from "../../mod.ts";
 * const bank = featureTable(Float32Array.of(1, 0, 0.9, 0.1, 0, 1), 2), query = featureTable(Float32Array.of(0.1, 0.8), 2);
 * console.assert(knnVote(nearest(bank, query, 1), [0, 0, 1])[0] === 1);
 * ```
 */
export function knnVote(
  { k, indices, similarities }: Neighbours,
  labels: ArrayLike<number>,
  { temperature = 0.07 }: Pick<KnnOptions, "temperature"> = {},
): Uint32Array {
  const out = new Uint32Array(indices.length / k), classes = Array.from(labels).reduce((a, b) => Math.max(a, b), 0) + 1;
  const votes = new Float64Array(classes);
  for (let q = 0; q < out.length; q++) {
    votes.fill(0);
    const top = similarities[q * k]; // relative to the nearest: a small temperature must not overflow
    for (let i = q * k; i < (q + 1) * k; i++) votes[labels[indices[i]]] += Math.exp((similarities[i] - top) / temperature);
    out[q] = votes.indexOf(Math.max(...votes));
  }
  return out;
}

/**
 * Share of equal values, from 0 to 1.
 *
 * ```ts
 * import { accuracy } from "../../mod.ts";
 * console.assert(accuracy(Uint32Array.of(1, 2, 3, 3), Uint32Array.of(1, 2, 3, 4)) === 0.75);
 * ```
 */
export function accuracy(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  if (predicted.length !== labels.length || !labels.length) {
    throw new ShapeError(`accuracy: ${predicted.length} predictions for ${labels.length} labels; give as many, and at least one`);
  }
  let right = 0;
  for (let i = 0; i < labels.length; i++) right += Number(predicted[i] === labels[i]);
  return right / labels.length;
}
