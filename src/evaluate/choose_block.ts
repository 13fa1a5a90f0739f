// Which features to use: of which block, how pooled, how far whitened. The last block is not always the best, because the last blocks of a
// masked image model decode tokens; and a whitening that suits one set of pictures blows up the noise of another.
import type { Device } from "../devices/device.ts";
import { ShapeError } from "../errors.ts";
import { type Features, pick } from "./features.ts";
import { accuracy, type KnnOptions, knnVote } from "./knn.ts";
import { linearProbe, probeClassify } from "./linear_probe.ts";
import { nearest, type NearestOptions } from "./neighbours.ts";
import { nearestOn } from "./neighbours_on.ts";
import type { Splits } from "./splits.ts";
import { differ, principalAxes, whiten, whiteningScales } from "./whitening.ts";

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
  /** Of the whitening with which these features did best among the pictures that choose; 1: centred only. */
  shrinkage: number;
  knn: number;
  /** Without whitening, and not centred. */
  rawKnn: number;
  /** Absent where no device was given. It standardises features in its own way. */
  probe?: number;
}

export interface BlockChoice {
  /**
   * Every block and pooling on the pictures that choose. kNN: pictures of both parts, of validation first, each by its neighbours among all
   * the others. Probe: fitted on the training part, measured on the validation part.
   */
  validation: BlockScore[];
  /** The best of them, measured on the test part: kNN with training and validation pictures as the bank. */
  chosen: BlockScore;
  /** The last block's class token on the test part, whitened by the same rule; absent where it is not among the features. */
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

/** Tried for every block and pooling. Even the first keeps directions of large variance in front, so that vectors can be cut. */
const shrinkages = [1, 0.1, 0.01, 0.001, 0.0001];

/** Pictures that choose by kNN, at most: with these, two standard errors of an accuracy are at most a percent. */
const CHOOSING = 10_000;

/**
 * Measures every block and pooling on both parts that choose, takes the best (of equal ones the earliest) and reports it on the test part.
 *
 * ```ts
 * import { chooseBlock, featureTable } from "../../mod.ts";
 * const labels = Array.from({ length: 12 }, (_, i) => i % 2), noise = (i: number) => (i * 7 % 5) / 50;
 * const of = (block: number, value: (i: number) => number[]) =>
 *   ({ block, pool: "mean" as const, features: featureTable(Float32Array.from(labels.flatMap((_, i) => value(i))), 2) });
 * const good = of(1, (i) => [labels[i] ? 1 : -1, noise(i)]), bad = of(0, (i) => [noise(i), noise(i + 1)]);
 * const part = (from: number) => Uint32Array.from({ length: 4 }, (_, i) => from + i);
 * const { chosen } = await chooseBlock([bad, good], labels, { train: part(0), validation: part(4), test: part(8) }, { k: 3 });
 * console.assert(chosen.block === 1 && chosen.knn === 1);
 * ```
 */
export async function chooseBlock(
  candidates: readonly BlockFeatures[],
  labels: ArrayLike<number>,
  { train, validation, test }: Splits,
  { device, probes = true, by = "knn", onProgress, k = 20, temperature }: ChoiceOptions = {},
): Promise<BlockChoice> {
  if (!candidates.length) throw new ShapeError("chooseBlock: no features were given; give at least one block and pooling");
  if (by === "probe" && !(device && probes)) throw new ShapeError("chooseBlock: probes need a device; give one, or choose by knn");
  const at = (rows: ArrayLike<number>) => Array.from(rows, (r) => labels[r]);
  const knn = async (features: Features, bank: Uint32Array, asked: Uint32Array, options?: NearestOptions) => {
    const near = pick(features, bank), queries = pick(features, asked), most = Math.min(k, near.rows);
    const found = device ? await nearestOn(device, near, queries, most, options) : nearest(near, queries, most, options);
    return accuracy(knnVote(found, at(bank), { temperature }), at(asked));
  };
  const probe = async (features: Features, asked: Uint32Array) => {
    const part = (rows: Uint32Array) => ({ features: pick(features, rows), labels: at(rows) });
    // The validation part chooses the regularisation also where the test part is scored.
    const fitted = await linearProbe(device!, part(train), part(validation));
    return accuracy(probeClassify(fitted, pick(features, asked)), at(asked));
  };
  const probed = async (features: Features, asked: Uint32Array) => device && probes ? { probe: await probe(features, asked) } : {};

  const choosing = Uint32Array.from([...validation, ...train].slice(0, Math.max(CHOOSING, validation.length)));
  const found: BlockScore[] = [];
  for (const { block, pool, features } of candidates) {
    if (features.rows !== labels.length) {
      throw new ShapeError(`chooseBlock: block ${block}, ${pool} has ${features.rows} rows, there are ${labels.length} labels`);
    }
    const whitened = whitenings(features, choosing), among = (of: Features) => knn(of, choosing, choosing, { self: true });
    const rawKnn = await among(features), best = { shrinkage: 1, knn: whitened ? -1 : rawKnn };
    for (const shrinkage of whitened ? shrinkages : []) {
      const accuracy = await among(whitened!(shrinkage));
      if (accuracy > best.knn) Object.assign(best, { shrinkage, knn: accuracy });
    }
    found.push({ block, pool, ...best, rawKnn, ...await probed(features, validation) });
    onProgress?.(found.length, candidates.length);
  }

  const bank = Uint32Array.from([...train, ...validation]).sort();
  const reported = async (i: number): Promise<BlockScore> => {
    const { features } = candidates[i], { block, pool, shrinkage } = found[i], rawKnn = await knn(features, bank, test);
    const whitened = whitenings(features, bank)?.(shrinkage);
    return { block, pool, shrinkage, knn: whitened ? await knn(whitened, bank, test) : rawKnn, rawKnn, ...await probed(features, test) };
  };
  const best = found.reduce((best, row, i) => row[by]! > found[best][by]! ? i : best, 0),
    last = Math.max(...found.map(({ block }) => block));
  const classToken = found.findIndex(({ block, pool }) => block === last && pool === "class-token");
  return {
    validation: found,
    chosen: await reported(best),
    ...classToken >= 0 ? { lastClassToken: await reported(classToken) } : {},
  };
}

/** All features under whitenings that are fitted on some rows, as `fitWhitening()` does; undefined where those rows do not differ. */
function whitenings(features: Features, fitted: Uint32Array): ((shrinkage: number) => Features) | undefined {
  const { mean, variances, directions } = principalAxes(pick(features, fitted));
  if (!differ({ mean, variances })) return;
  const turned = whiten(features, { mean, matrix: directions }, { unit: false }); // neighbours need no unit length
  return (shrinkage) => {
    const scales = whiteningScales(variances, shrinkage);
    return { ...turned, values: turned.values.map((v, i) => v * scales[i % turned.dim]) };
  };
}
