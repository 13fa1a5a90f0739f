// How good an embedder is on labelled pictures, beside what costs nothing: the same splits, the same measures, several seeds.
import { ShapeError } from "../errors.ts";
import { type Features, pick } from "./features.ts";
import type { Device } from "../devices/device.ts";
import { accuracy, knnVote } from "./knn.ts";
import { collectNearest, eachQuery, type SeeQuery } from "./neighbours.ts";
import { eachQueryOn } from "./neighbours_on.ts";
import { collectRetrieval } from "./retrieval.ts";
import { splits } from "./splits.ts";
import { fitWhitening, whiten } from "./whitening.ts";

/** One thing to measure. `features` is called once a seed: a randomly initialised encoder is another one each time. */
export interface Candidate {
  name: string;
  kind: "embedder" | "baseline";
  features(seed: number): Features | Promise<Features>;
  /** Shrinkage of a whitening that is fitted on each seed's training part; none if absent. */
  shrinkage?: number;
}

export interface Spread {
  mean: number;
  /** Standard deviation over the seeds, over n - 1; 0 of one seed. */
  std: number;
}

export interface QualityCard {
  pictures: number;
  classes: number;
  seeds: number[];
  /** Neighbours that vote. */
  k: number;
  /** Accuracy of always naming the commonest class. */
  chance: number;
  rows: { name: string; kind: Candidate["kind"]; dim: number; knn: Spread; recall1: Spread; meanAveragePrecision: Spread }[];
  /** What follows, in words: by how much the embedder beats each baseline, or that it does not. */
  verdicts: string[];
}

export interface QualityOptions {
  seeds?: number[];
  /** Neighbours that vote; 20 if absent. */
  k?: number;
  /** Share of every class that is tested on; a fifth if absent. */
  test?: number;
  /** Compares pictures on it; on the host if absent. */
  device?: Device;
}

/**
 * Measures candidates on the test part of each seed's split, with its training part as the bank. Whoever was tuned on some pictures must
 * not be measured on them: give pictures that no choice was made on.
 *
 * @throws ShapeError when a candidate's rows are not the labels', or a split has no room.
 *
 * ```ts
 * import { features } from "./features.ts";
 * const labels = Array.from({ length: 40 }, (_, i) => i % 2), clear = features(Float32Array.from(labels.flatMap((k) => [k, 1 - k])), 2);
 * const card = await qualityCard([{ name: "mine", kind: "embedder", features: () => clear }], labels, { k: 5 });
 * console.assert(card.rows[0].knn.mean === 1 && card.chance === 0.5);
 * ```
 */
export async function qualityCard(
  candidates: readonly Candidate[],
  labels: ArrayLike<number>,
  { seeds = [0, 1, 2], k = 20, test = 0.2, device }: QualityOptions = {},
): Promise<QualityCard> {
  const at = (rows: ArrayLike<number>) => Array.from(rows, (r) => labels[r]);
  const rows: QualityCard["rows"] = [];
  for (const { name, kind, features, shrinkage } of candidates) {
    const found = { knn: [] as number[], recall1: [] as number[], meanAveragePrecision: [] as number[] };
    let dim = 0;
    for (const seed of seeds) {
      const all = await features(seed);
      if (all.rows !== labels.length) {
        throw new ShapeError(`qualityCard: ${name} has ${all.rows} rows, there are ${labels.length} labels; give one a picture`);
      }
      const { train, test: held } = splits(labels, { seed, validation: 0, test });
      let bank = pick(all, train), queries = pick(all, held);
      if (shrinkage !== undefined) {
        const whitening = fitWhitening(bank, { shrinkage });
        [bank, queries] = [whiten(bank, whitening), whiten(queries, whitening)];
      }
      dim = bank.dim;
      const near = collectNearest(queries.rows, Math.min(k, bank.rows), {});
      const ranked = collectRetrieval(bank.rows, at(train), queries.rows, at(held));
      const see: SeeQuery = (query, similarities) => {
        near.see(query, similarities);
        ranked.see(query, similarities);
      };
      if (device) await eachQueryOn(device, bank, queries, see);
      else eachQuery(bank, queries, see);
      found.knn.push(accuracy(knnVote(near.neighbours, at(train)), at(held)));
      const { recall1, meanAveragePrecision } = ranked.result();
      found.recall1.push(recall1);
      found.meanAveragePrecision.push(meanAveragePrecision);
    }
    const { knn, recall1, meanAveragePrecision } = found;
    rows.push({ name, kind, dim, knn: spread(knn), recall1: spread(recall1), meanAveragePrecision: spread(meanAveragePrecision) });
  }
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  return {
    pictures: labels.length,
    classes: counts.size,
    seeds,
    k,
    chance: Math.max(...counts.values()) / labels.length,
    rows,
    verdicts: verdicts(rows),
  };
}

function spread(values: number[]): Spread {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, std: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

function verdicts(rows: QualityCard["rows"]): string[] {
  const percent = (v: number) => `${(100 * v).toFixed(1)} %`;
  return rows.filter(({ kind }) => kind === "embedder").flatMap((embedder) =>
    rows.filter(({ kind }) => kind === "baseline").map((baseline) => {
      const gap = embedder.knn.mean - baseline.knn.mean, noise = embedder.knn.std + baseline.knn.std;
      const numbers = `kNN ${percent(embedder.knn.mean)} against ${percent(baseline.knn.mean)}`;
      if (Math.abs(gap) <= noise) {
        return `${embedder.name} is no better and no worse than ${baseline.name} beyond the spread of the seeds: ${numbers}.`;
      }
      return gap > 0
        ? `${embedder.name} beats ${baseline.name}: ${numbers}.`
        : `${embedder.name} does not beat ${baseline.name}: ${numbers}. Do not use it for search on pictures like these.`;
    })
  );
}
