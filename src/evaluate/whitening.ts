import { ShapeError } from "../errors.ts";
import { eigenSymmetric } from "./eigen.ts";
import { checkFinite, type Features, unitRows } from "./features.ts";

/** What makes features comparable by their cosine: y = matrix (x - mean). */
export interface Whitening {
  /** (C) mean of the training features. */
  mean: Float32Array;
  /** (D, C): principal directions, largest variance first, each divided by the root of its shrunk variance. */
  matrix: Float32Array;
}

export interface WhiteningOptions {
  /** D; C if absent. Vectors cut to their first values keep the directions of largest variance. */
  dims?: number;
  /**
   * From 0 (full whitening) to 1 (centring and rotation alone): each variance becomes (1 - s) of itself and s of the mean variance, so
   * that directions which the training features hardly use are not blown up to noise. 0.1 if absent.
   */
  shrinkage?: number;
}

/**
 * Fits centre, PCA and shrinkage on training features. Throws ShapeError for features that are not finite or all equal.
 *
 * ```ts
 * import { features } from "./features.ts";
 * const train = features(Float32Array.of(10, 1, 12, -1, 14, 1, 16, -1), 2); // one column varies far more than the other
 * const { values } = whiten(train, fitWhitening(train, { shrinkage: 0 }));
 * console.assert(Math.abs(Math.hypot(values[0], values[1]) - 1) < 1e-6); // unit length, both directions with equal weight
 * ```
 */
export function fitWhitening(train: Features, { dims = train.dim, shrinkage = 0.1 }: WhiteningOptions = {}): Whitening {
  const C = train.dim;
  if (!Number.isInteger(dims) || dims < 1 || dims > C) {
    throw new ShapeError(`whitening: dims is ${dims}, features have ${C}; give 1 to ${C}`);
  }
  const { mean, variances, directions } = principalAxes(train), scales = whiteningScales(variances, shrinkage);
  if (!differ({ mean, variances })) throw new ShapeError(`whitening: all ${train.rows} rows are equal; fit on features that differ`);
  return { mean, matrix: directions.subarray(0, dims * C).map((v, i) => v * scales[Math.floor(i / C)]) };
}

/** The part of a whitening that does not depend on its shrinkage, and costs by far the most. */
export interface PrincipalAxes {
  /** (C) */
  mean: Float32Array;
  /** (C), largest first. */
  variances: Float64Array;
  /** (C, C), one direction a row. */
  directions: Float32Array;
}

export function principalAxes(train: Features): PrincipalAxes {
  checkFinite(train, "whitening");
  const { mean, matrix } = covarianceOf(train), { values, vectors } = eigenSymmetric(matrix, train.dim);
  return { mean: Float32Array.from(mean), variances: values, directions: Float32Array.from(vectors) };
}

/** Whether features are more than one row again and again, but for rounding. */
export function differ({ mean, variances }: Pick<PrincipalAxes, "mean" | "variances">): boolean {
  return sum(variances) > 1e-12 * sum(mean.map((v) => v * v));
}

/** (C): by what each direction is multiplied. Throws ShapeError for a shrinkage that is none. */
export function whiteningScales(variances: Float64Array, shrinkage: number): Float64Array {
  if (!(shrinkage >= 0 && shrinkage <= 1)) throw new ShapeError(`whitening: shrinkage is ${shrinkage}; give 0 to 1`);
  const average = sum(variances) / variances.length;
  return variances.map((value) => {
    // Without shrinkage a direction without variance has none to divide by: it is left out.
    const variance = (1 - shrinkage) * Math.max(value, 0) + shrinkage * average;
    return variance > 1e-12 * average ? 1 / Math.sqrt(variance) : 0;
  });
}

/** Of what is positive: rounding makes small negative variances. */
function sum(values: Float32Array | Float64Array): number {
  let total = 0;
  for (const value of values) total += Math.max(value, 0);
  return total;
}

/**
 * matrix (x - mean), and then rows of unit length unless `unit` is false. (R, C) → (R, D). Throws ShapeError for another width.
 *
 * ```ts
 * import { featureTable, fitWhitening, whiten } from "../../mod.ts";
 * const train = featureTable(Float32Array.of(10, 1, 12, -1, 14, 1, 16, -1), 2);
 * const { dim, values } = whiten(train, fitWhitening(train, { dims: 1 })); // the direction of largest variance
 * console.assert(dim === 1 && values.every((value) => Math.abs(Math.abs(value) - 1) < 1e-6));
 * ```
 */
export function whiten({ rows, dim, values }: Features, { mean, matrix }: Whitening, { unit = true }: { unit?: boolean } = {}): Features {
  if (mean.length !== dim) throw new ShapeError(`whiten: features have ${dim} columns, the whitening has ${mean.length}; fit it on these`);
  const D = matrix.length / dim, out = new Float32Array(rows * D), centred = new Float64Array(dim);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < dim; c++) centred[c] = values[r * dim + c] - mean[c];
    for (let i = 0; i < D; i++) {
      let sum = 0;
      for (let c = 0; c < dim; c++) sum += matrix[i * dim + c] * centred[c];
      out[r * D + i] = sum;
    }
  }
  const whitened = { rows, dim: D, values: out };
  return unit ? unitRows(whitened) : whitened;
}

/** Mean and covariance (over R, not R - 1: a scale that whitening loses anyway). */
function covarianceOf({ rows, dim, values }: Features): { mean: Float64Array; matrix: Float64Array } {
  const mean = new Float64Array(dim), matrix = new Float64Array(dim * dim), block = 4;
  for (let r = 0; r < rows; r++) for (let c = 0; c < dim; c++) mean[c] += values[r * dim + c] / rows;
  const x = new Float64Array(block * dim);
  for (let first = 0; first < rows; first += block) {
    x.fill(0);
    const count = Math.min(block, rows - first);
    for (let r = 0; r < count; r++) for (let c = 0; c < dim; c++) x[r * dim + c] = values[(first + r) * dim + c] - mean[c];
    for (let i = 0; i < dim; i++) {
      const a = x[i], b = x[dim + i], c = x[2 * dim + i], d = x[3 * dim + i];
      for (let j = i; j < dim; j++) matrix[i * dim + j] += a * x[j] + b * x[dim + j] + c * x[2 * dim + j] + d * x[3 * dim + j];
    }
  }
  for (let i = 0; i < dim; i++) {
    for (let j = i; j < dim; j++) matrix[j * dim + i] = matrix[i * dim + j] = matrix[i * dim + j] / rows;
  }
  return { mean, matrix };
}
