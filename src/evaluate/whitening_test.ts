import { expect, test } from "bun:test";
import { eigenSymmetric } from "./eigen.ts";
import { features } from "./features.ts";
import { normals } from "./testing.ts";
import { fitWhitening, whiten } from "./whitening.ts";

function symmetric(n: number, seed: number): Float64Array {
  const raw = normals(n * n, seed);
  return Float64Array.from({ length: n * n }, (_, i) => raw[i] + raw[i % n * n + Math.floor(i / n)]);
}

test("eigenSymmetric() gives A v = λ v with orthonormal v, largest λ first", () => {
  for (const n of [1, 2, 3, 10, 65]) {
    const a = symmetric(n, n), { values, vectors } = eigenSymmetric(a, n);
    const row = (i: number) => vectors.subarray(i * n, (i + 1) * n);
    const dot = (x: Float64Array, y: Float64Array) => x.reduce((s, v, i) => s + v * y[i], 0);
    for (let i = 0; i < n; i++) {
      if (i) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
      for (let j = 0; j < n; j++) {
        expect(Math.abs(dot(a.subarray(j * n, (j + 1) * n), row(i)) - values[i] * row(i)[j])).toBeLessThan(1e-11 * n);
        expect(Math.abs(dot(row(i), row(j)) - Number(i === j))).toBeLessThan(1e-12 * n);
      }
    }
  }
});

test("eigenSymmetric() bears multiple eigenvalues, zeros and blocks that never meet", () => {
  expect([...eigenSymmetric(Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2), 3).values]).toEqual([2, 2, 2]);
  expect([...eigenSymmetric(new Float64Array(16), 4).values]).toEqual([0, 0, 0, 0]);
  const blocks = eigenSymmetric(Float64Array.of(0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 3, 0), 4).values;
  [3, 1, -1, -3].forEach((value, i) => expect(blocks[i]).toBeCloseTo(value, 12));
});

test("eigenSymmetric() refuses what is not symmetric or not finite", () => {
  expect(() => eigenSymmetric(Float64Array.of(1, 2, 3, 4), 2)).toThrow(/entries \(1, 0\) and \(0, 1\) are 3 and 2/);
  expect(() => eigenSymmetric(Float64Array.of(1, NaN, NaN, 4), 2)).toThrow(/must be symmetric and finite/);
});

/** Correlated columns of different sizes. */
function skewed(rows: number, dim: number, seed: number) {
  const raw = normals(rows * dim, seed), mix = normals(dim * dim, 9), values = new Float32Array(rows * dim);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < dim; c++) {
      for (let j = 0; j < dim; j++) values[r * dim + c] += (j + 1) * mix[c * dim + j] * raw[r * dim + j] + c / dim;
    }
  }
  return features(values, dim);
}

function covariance(rows: number, dim: number, values: Float32Array): Float64Array {
  const out = new Float64Array(dim * dim);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < dim; i++) for (let j = 0; j < dim; j++) out[i * dim + j] += values[r * dim + i] * values[r * dim + j] / rows;
  }
  return out;
}

test("whitening without shrinkage gives the training features the unit matrix as covariance", () => {
  const table = skewed(403, 6, 1), fit = fitWhitening(table, { shrinkage: 0 }), { values } = whiten(table, fit, { unit: false });
  covariance(403, 6, values).forEach((v, i) => expect(Math.abs(v - Number(i % 7 === 0))).toBeLessThan(1e-4));
});

test("shrinkage pulls the variances towards each other, and at 1 only turns and scales", () => {
  const table = skewed(403, 6, 1),
    variances = (shrinkage: number) => {
      const fit = fitWhitening(table, { shrinkage }), c = covariance(403, 6, whiten(table, fit, { unit: false }).values);
      return [0, 1, 2, 3, 4, 5].map((i) => c[7 * i]);
    };
  const spread = (v: number[]) => Math.max(...v) / Math.min(...v);
  expect(spread(variances(0))).toBeCloseTo(1, 3);
  expect(spread(variances(0.1))).toBeGreaterThan(1.5);
  expect(spread(variances(1))).toBeGreaterThan(spread(variances(0.5)));
});

test("fewer dims are the first of all dims, and vectors have unit length", () => {
  const table = skewed(50, 6, 2), all = fitWhitening(table), two = fitWhitening(table, { dims: 2 });
  expect([...two.matrix]).toEqual([...all.matrix.subarray(0, 12)]);
  const { values, dim } = whiten(table, two);
  expect(dim).toBe(2);
  for (let r = 0; r < 50; r++) expect(Math.hypot(values[2 * r], values[2 * r + 1])).toBeCloseTo(1, 5);
});

test("fewer rows than columns still whiten, through shrinkage, to finite values", () => {
  const table = features(normals(5 * 20, 4), 20);
  for (const shrinkage of [0, 0.1]) expect(whiten(table, fitWhitening(table, { shrinkage })).values.every(Number.isFinite)).toBe(true);
});

test("fitWhitening() refuses equal rows and dims beyond the features'", () => {
  const table = features(new Float32Array(12).fill(3), 3);
  expect(() => fitWhitening(table)).toThrow(/all 4 rows are equal/);
  expect(() => fitWhitening(table, { dims: 4 })).toThrow(/dims is 4, features have 3/);
});
