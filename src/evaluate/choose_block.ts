// Which block's features to use: the last one is rarely the best, because the last blocks of a masked image model decode tokens.
import type { Device } from "../devices/device.ts";
import { ShapeError } from "../errors.ts";
import { type Features, pick } from "./features.ts";
import { accuracy, type KnnOptions, knnVote } from "./knn.ts";
import { linearProbe, probeClassify } from "./linear_probe.ts";
import { nearest } from "./neighbours.ts";
import { nearestOn } from "./neighbours_on.ts";
import type { Splits } from "./splits.ts";

export type Pool = "class-token" | "mean" | "both";

/** One way to turn a picture into a vector, with the features of all pictures. */
export interface BlockFeatures {
  /** 0: the embeddings; l: after block l. */
  block: number;
  pool: Pool;
  features: Features;
}

/** Accuracies from 0 to 1. */
export interface BlockScore {
  block: number;
  pool: Pool;
  knn: number;
  /** Absent where no device was given. */
  probe?: number;
}

export interface BlockChoice {
  /** Every block and pooling, measured on the validation part. */
  validation: BlockScore[];
  /** The best on the validation part, measured on the test part: kNN with training and validation pictures as the bank. */
  chosen: BlockScore;
  /** The last block's class token on the test part, for comparison; absent where it is not among the features. */
  lastClassToken?: BlockScore;
}

export interface ChoiceOptions extends KnnOptions {
  /** Finds neighbours and fits linear probes on it; without one, no probes are fitted. */
  device?: Device;
  /** Whether probes are fitted; they are, if absent. */
  probes?: boolean;
  /** What the choice is made by; "knn" if absent. */
  by?: "knn" | "probe";
  /** Called after each block and pooling. */
  onProgress?: (done: number, total: number) => void;
}

/** Measures every block and pooling on the validation part, takes the best (of equal ones the earliest) and reports it on the test part. */
export async function chooseBlock(
  candidates: readonly BlockFeatures[],
  labels: ArrayLike<number>,
  { train, validation, test }: Splits,
  { device, probes = true, by = "knn", onProgress, k = 20, temperature }: ChoiceOptions = {},
): Promise<BlockChoice> {
  if (!candidates.length) throw new ShapeError("chooseBlock: no features were given; give at least one block and pooling");
  if (by === "probe" && !(device && probes)) throw new ShapeError("chooseBlock: probes need a device; give one, or choose by knn");
  const at = (rows: ArrayLike<number>) => Array.from(rows, (r) => labels[r]);
  const score = async ({ block, pool, features }: BlockFeatures, bank: Uint32Array, held: Uint32Array): Promise<BlockScore> => {
    const near = pick(features, bank), queries = pick(features, held), most = Math.min(k, near.rows);
    const found = device ? await nearestOn(device, near, queries, most) : nearest(near, queries, most);
    const row: BlockScore = { block, pool, knn: accuracy(knnVote(found, at(bank), { temperature }), at(held)) };
    if (!device || !probes) return row;
    // The validation part chooses the probe's regularisation also where the test part is scored.
    const probe = await linearProbe(device, { features: pick(features, train), labels: at(train) }, {
      features: pick(features, validation),
      labels: at(validation),
    });
    return { ...row, probe: accuracy(probeClassify(probe, queries), at(held)) };
  };

  const found: BlockScore[] = [];
  for (const candidate of candidates) {
    if (candidate.features.rows !== labels.length) {
      throw new ShapeError(
        `chooseBlock: block ${candidate.block}, ${candidate.pool} has ${candidate.features.rows} rows, there are ${labels.length} labels`,
      );
    }
    found.push(await score(candidate, train, validation));
    onProgress?.(found.length, candidates.length);
  }
  const best = found.reduce((best, row, i) => row[by]! > found[best][by]! ? i : best, 0);
  const both = Uint32Array.from([...train, ...validation]).sort(), last = Math.max(...candidates.map(({ block }) => block));
  const classToken = candidates.find(({ block, pool }) => block === last && pool === "class-token");
  return {
    validation: found,
    chosen: await score(candidates[best], both, test),
    ...classToken ? { lastClassToken: await score(classToken, both, test) } : {},
  };
}
