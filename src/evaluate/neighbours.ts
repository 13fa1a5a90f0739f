import { ShapeError } from "../errors.ts";
import { checkFinite, type Features, unitRows } from "./features.ts";

/** The nearest rows of a bank for each query, nearest first. */
export interface Neighbours {
  k: number;
  /** (Q, k) rows of the bank; -1 where the bank has fewer. */
  indices: Int32Array;
  /** (Q, k) cosine similarities; -Infinity where there is none. */
  similarities: Float32Array;
}

/** Queries that share one pass over a row of the bank: with two rows at a time, eight sums, which stay in registers. */
const TILE = 4;

/** Receives the cosines of one query to every row of a bank, which are only valid during the call. */
export type SeeQuery = (query: number, similarities: Float32Array) => void;

/**
 * The `k` rows of `bank` with the largest cosine to each row of `queries`; of equal ones the first. `self` leaves a row out of its own
 * neighbours: for queries that are the bank. With a device (`nearestOn`) it is faster, and the similarities are rounded on the way.
 *
 * @throws ShapeError when widths differ or a value is not finite.
 *
 * ```ts
 * import { featureTable, nearest } from "../../mod.ts";
 * const bank = featureTable(Float32Array.of(1, 0, 0, 1), 2);
 * const { indices, similarities } = nearest(bank, featureTable(Float32Array.of(0, 5), 2), 1);
 * console.assert(indices[0] === 1 && similarities[0] === 1);
 * ```
 */
export function nearest(bank: Features, queries: Features, k: number, options: NearestOptions = {}): Neighbours {
  const { neighbours, see } = collectNearest(queries.rows, k, options);
  eachQuery(bank, queries, see);
  return neighbours;
}

export interface NearestOptions {
  self?: boolean;
}

/** What finds the nearest rows among similarities that are shown to it query by query. */
export function collectNearest(queries: number, k: number, { self = false }: NearestOptions): { neighbours: Neighbours; see: SeeQuery } {
  if (!Number.isInteger(k) || k < 1) throw new ShapeError(`nearest: k is ${k}; give a whole number from 1`);
  const indices = new Int32Array(queries * k).fill(-1), similarities = new Float32Array(queries * k).fill(-Infinity);
  return {
    neighbours: { k, indices, similarities },
    see(row, found) {
      const best = similarities.subarray(row * k, row * k + k), names = indices.subarray(row * k, row * k + k);
      for (let j = 0; j < found.length; j++) if (found[j] > best[k - 1] && !(self && j === row)) insert(best, names, found[j], j);
    },
  };
}

/** Calls `see` for every row of `queries`, in their order. Throws ShapeError when widths differ or a value is not finite. */
export function eachQuery(bank: Features, queries: Features, see: SeeQuery): void {
  checkWidths(bank, queries);
  const b = unitRows(bank), q = unitRows(queries), found = new Float32Array(TILE * b.rows);
  for (let first = 0; first < q.rows; first += TILE) {
    const count = Math.min(TILE, q.rows - first);
    cosines(b, q, first, count, found);
    for (let i = 0; i < count; i++) see(first + i, found.subarray(i * b.rows, (i + 1) * b.rows));
  }
}

export function checkWidths(bank: Features, queries: Features): void {
  if (bank.dim !== queries.dim) {
    throw new ShapeError(`neighbours: the bank has ${bank.dim} columns, the queries have ${queries.dim}; take both from one model`);
  }
  checkFinite(bank, "neighbours, bank");
  checkFinite(queries, "neighbours, queries");
}

function insert(best: Float32Array, names: Int32Array, similarity: number, name: number): void {
  let at = best.length - 1;
  for (; at > 0 && best[at - 1] < similarity; at--) {
    best[at] = best[at - 1];
    names[at] = names[at - 1];
  }
  best[at] = similarity;
  names[at] = name;
}

/** Dot products of `count` queries from `first` on with every row of the bank → `out` (TILE, rows of the bank). */
function cosines({ rows, dim, values: x }: Features, { values: y }: Features, first: number, count: number, out: Float32Array): void {
  let j = 0;
  if (count === TILE) {
    for (; j + 2 <= rows; j += 2) {
      let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
      const p = j * dim, q = first * dim;
      for (let c = 0; c < dim; c++) {
        const u = x[p + c], v = x[p + dim + c];
        const q0 = y[q + c], q1 = y[q + dim + c], q2 = y[q + 2 * dim + c], q3 = y[q + 3 * dim + c];
        a0 += u * q0;
        a1 += u * q1;
        a2 += u * q2;
        a3 += u * q3;
        b0 += v * q0;
        b1 += v * q1;
        b2 += v * q2;
        b3 += v * q3;
      }
      out[j] = a0;
      out[rows + j] = a1;
      out[2 * rows + j] = a2;
      out[3 * rows + j] = a3;
      out[j + 1] = b0;
      out[rows + j + 1] = b1;
      out[2 * rows + j + 1] = b2;
      out[3 * rows + j + 1] = b3;
    }
  }
  for (; j < rows; j++) {
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let c = 0; c < dim; c++) sum += x[j * dim + c] * y[(first + i) * dim + c];
      out[i * rows + j] = sum;
    }
  }
}
