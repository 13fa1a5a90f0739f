// Tables of features: what every measure of this folder works on, and how they are taken out of a model.
import { ShapeError } from "../errors.ts";

/** One row of features a picture. */
export interface Features {
  /** R. */
  rows: number;
  /** C. */
  dim: number;
  /** (R, C), row after row. */
  values: Float32Array;
}

/**
 * A table over given values. Throws ShapeError where they are not whole rows, or where there is none.
 *
 * ```ts
 * import { featureTable } from "../../mod.ts"; // `features` of this file
 * const { rows } = featureTable(Float32Array.of(1, 2, 3, 4, 5, 6), 2);
 * console.assert(rows === 3);
 * ```
 */
export function features(values: Float32Array, dim: number): Features {
  const rows = values.length / dim;
  if (!Number.isInteger(dim) || dim < 1 || !Number.isInteger(rows) || rows < 1) {
    throw new ShapeError(`features: ${values.length} values are no rows of ${dim}; give at least one whole row`);
  }
  return { rows, dim, values };
}

/**
 * The rows of given numbers, in their order.
 *
 * ```ts
 * import { featureTable, pickRows } from "../../mod.ts"; // `pick` of this file
 * console.assert(pickRows(featureTable(Float32Array.of(1, 2, 3, 4), 2), [1]).values.join() === "3,4");
 * ```
 */
export function pick({ dim, values }: Features, rows: ArrayLike<number>): Features {
  const out = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i++) out.set(values.subarray(rows[i] * dim, (rows[i] + 1) * dim), i * dim);
  return features(out, dim);
}

/**
 * Rows divided by their length; a row of zeros stays one.
 *
 * ```ts
 * import { featureTable, unitRows } from "../../mod.ts";
 * console.assert(unitRows(featureTable(Float32Array.of(3, 4, 0, 0), 2)).values.every((v, i) => Math.abs(v - [0.6, 0.8, 0, 0][i]) < 1e-6));
 * ```
 */
export function unitRows({ rows, dim, values }: Features): Features {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    let squares = 0;
    for (let c = r * dim; c < (r + 1) * dim; c++) squares += values[c] * values[c];
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let c = r * dim; c < (r + 1) * dim; c++) out[c] = values[c] * scale;
  }
  return { rows, dim, values: out };
}

/** A value that is not a number would silently win or lose every comparison. Throws ShapeError naming its place. */
export function checkFinite({ dim, values }: Features, where: string): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new ShapeError(
      `${where}: the feature at row ${Math.floor(bad / dim)}, column ${bad % dim} is ${values[bad]}; look at the model that made it`,
    );
  }
}

/**
 * Runs `extract` over batches and joins what it gives by name: "block 3, mean" → a table of all pictures, say. `extract` returns
 * (n, C) values for a batch of n pictures; a last batch may be shorter.
 *
 * @throws ShapeError when batches disagree about names or widths.
 *
 * ```ts
 * import { collect } from "../../mod.ts";
 * const batches = [{ count: 2 }, { count: 1 }];
 * const { ones } = await collect(batches, ({ count }) => Promise.resolve({ ones: new Float32Array(count * 4).fill(1) }));
 * console.assert(ones.rows === 3 && ones.dim === 4);
 * ```
 */
export async function collect<Batch extends { count: number }>(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  extract: (batch: Batch) => Promise<Record<string, Float32Array>>,
): Promise<Record<string, Features>> {
  const parts: Record<string, Float32Array[]> = {}, widths: Record<string, number> = {};
  let rows = 0, number = 0;
  for await (const batch of batches) {
    const found = await extract(batch), names = Object.keys(found);
    for (const name of new Set([...names, ...Object.keys(parts)])) {
      const width = (found[name]?.length ?? NaN) / batch.count;
      const known = number === 0 ? (widths[name] = width) : widths[name];
      if (width !== known || !Number.isInteger(width)) {
        throw new ShapeError(
          `collect: batch ${number} of ${batch.count} has ${found[name]?.length ?? "no"} values of ${name}, rows have ${known ?? "none"}`,
        );
      }
      (parts[name] ??= []).push(found[name]);
    }
    rows += batch.count;
    number++;
  }
  return Object.fromEntries(
    Object.entries(parts).map(([name, arrays]) => {
      const values = new Float32Array(rows * widths[name]);
      let at = 0;
      for (const array of arrays) {
        values.set(array, at);
        at += array.length;
      }
      return [name, features(values, widths[name])];
    }),
  );
}
