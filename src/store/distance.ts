// Scores of one query against rows of a page. The query is widened once: products of two single-precision numbers are exact in double
// precision, and it saves a conversion a product (measured, bench/store_bench.ts: 8 sums are the best of 1, 4 and 8 in both runtimes).

import type { Metric } from "./store.ts";

export type ScoreRow = (query: Float64Array, rows: Float32Array, offset: number) => number;

function dot(query: Float64Array, rows: Float32Array, offset: number): number {
  const n = query.length, whole = n & ~7;
  let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0;
  for (; i < whole; i += 8, offset += 8) {
    a += query[i] * rows[offset];
    b += query[i + 1] * rows[offset + 1];
    c += query[i + 2] * rows[offset + 2];
    d += query[i + 3] * rows[offset + 3];
    e += query[i + 4] * rows[offset + 4];
    f += query[i + 5] * rows[offset + 5];
    g += query[i + 6] * rows[offset + 6];
    h += query[i + 7] * rows[offset + 7];
  }
  for (; i < n; i++, offset++) a += query[i] * rows[offset];
  return ((a + b) + (c + d)) + ((e + f) + (g + h));
}

function minusDistance(query: Float64Array, rows: Float32Array, offset: number): number {
  const n = query.length, whole = n & ~3;
  let a = 0, b = 0, c = 0, d = 0, i = 0;
  for (; i < whole; i += 4, offset += 4) {
    const p = query[i] - rows[offset], q = query[i + 1] - rows[offset + 1];
    const r = query[i + 2] - rows[offset + 2], s = query[i + 3] - rows[offset + 3];
    a += p * p;
    b += q * q;
    c += r * r;
    d += s * s;
  }
  for (; i < n; i++, offset++) a += (query[i] - rows[offset]) ** 2;
  return -Math.sqrt((a + b) + (c + d));
}

/** The score of a metric between a query and a row, the query by `widened`, the row by `place`. */
export const scoreOf: Record<Metric, ScoreRow> = { cosine: dot, dot, euclidean: minusDistance };

/** The query in double precision; a unit vector under the cosine metric. */
export function widened(metric: Metric, vector: Float32Array): Float64Array {
  const scale = metric === "cosine" ? unitScale(vector) : 1;
  return Float64Array.from(vector, (value) => value * scale);
}

/** Writes a vector as it is compared with a query: a unit vector under the cosine metric, itself otherwise. */
export function place(metric: Metric, vector: Float32Array, rows: Float32Array, offset: number): void {
  if (metric !== "cosine") return rows.set(vector, offset);
  const scale = unitScale(vector);
  for (let i = 0; i < vector.length; i++) rows[offset + i] = vector[i] * scale;
}

function unitScale(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i] * vector[i];
  return 1 / Math.sqrt(squares);
}
