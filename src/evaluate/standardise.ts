import { ShapeError } from "../errors.ts";
import type { Features } from "./features.ts";

/** Per column: what to subtract, and what to multiply with. */
export interface Standardiser {
  mean: Float32Array;
  scale: Float32Array;
}

/**
 * Mean 0 and variance 1 over the rows of training features; a column without variance becomes 0.
 *
 * ```ts
 * import { featureTable, fitStandardiser } from "../../mod.ts";
 * const { mean, scale } = fitStandardiser(featureTable(Float32Array.of(1, 5, 3, 5), 2));
 * console.assert(mean.join() === "2,5" && scale.join() === "1,0");
 * ```
 */
export function fitStandardiser({ rows, dim, values }: Features): Standardiser {
  const mean = new Float64Array(dim), variance = new Float64Array(dim);
  for (let r = 0; r < rows; r++) for (let c = 0; c < dim; c++) mean[c] += values[r * dim + c] / rows;
  for (let r = 0; r < rows; r++) for (let c = 0; c < dim; c++) variance[c] += (values[r * dim + c] - mean[c]) ** 2 / rows;
  // A column that is constant but for rounding would become noise of the size of a signal.
  const scale = Float32Array.from(variance, (v, c) => v > 1e-12 * Math.max(1, mean[c] ** 2) ? 1 / Math.sqrt(v) : 0);
  return { mean: Float32Array.from(mean), scale };
}

/**
 * (x - mean) * scale, column by column. Throws ShapeError for features of another width.
 *
 * ```ts
 * import { featureTable, fitStandardiser, standardise } from "../../mod.ts";
 * const train = featureTable(Float32Array.of(1, 3), 1);
 * console.assert(standardise(train, fitStandardiser(train)).values.join() === "-1,1");
 * ```
 */
export function standardise({ rows, dim, values }: Features, { mean, scale }: Standardiser): Features {
  if (mean.length !== dim) throw new ShapeError(`standardise: features have ${dim} columns, the fit has ${mean.length}; fit it on these`);
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < dim; c++) out[r * dim + c] = (values[r * dim + c] - mean[c]) * scale[c];
  return { rows, dim, values: out };
}
