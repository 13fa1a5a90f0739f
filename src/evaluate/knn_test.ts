import { expect, test } from "bun:test";
import { providers } from "../../tests/providers.ts";
import { type Features, features } from "./features.ts";
import { accuracy, knnClassify } from "./knn.ts";
import { nearest } from "./neighbours.ts";
import { eachQueryOn, nearestOn } from "./neighbours_on.ts";
import { blobs, normals } from "./testing.ts";

/** The obvious version in float64: all cosines, sorted. */
function slowNearest(bank: Features, queries: Features, k: number): number[] {
  const row = ({ dim, values }: Features, r: number) => Array.from(values.subarray(r * dim, (r + 1) * dim));
  const cosine = (a: number[], b: number[]) => a.reduce((s, v, i) => s + v * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);
  return Array.from({ length: queries.rows }, (_, q) => {
    const all = Array.from({ length: bank.rows }, (_, r) => ({ r, s: cosine(row(bank, r), row(queries, q)) }));
    return all.sort((a, b) => b.s - a.s).slice(0, k).map(({ r }) => r);
  }).flat();
}

test("nearest() finds the neighbours that sorting all cosines finds", () => {
  for (const [rows, count, dim, k] of [[1, 1, 1, 1], [37, 9, 5, 4], [64, 8, 16, 64]]) {
    const bank = features(normals(rows * dim, 1), dim), queries = features(normals(count * dim, 2), dim);
    expect([...nearest(bank, queries, k).indices]).toEqual(slowNearest(bank, queries, k));
  }
});

test("nearest() marks places that a small bank cannot fill, and can leave a row out of its own neighbours", () => {
  const bank = features(Float32Array.of(1, 0, 0, 1), 2);
  expect([...nearest(bank, bank, 3).indices]).toEqual([0, 1, -1, 1, 0, -1]);
  expect([...nearest(bank, bank, 1, { self: true }).indices]).toEqual([1, 0]);
});

test("of equal similarities the first row wins, in tiles and in what is left over", () => {
  const bank = features(new Float32Array(14).fill(1), 2), queries = features(new Float32Array(12).fill(2), 2);
  expect(new Set(nearest(bank, queries, 1).indices)).toEqual(new Set([0]));
});

test("nearest() refuses widths that differ, and values that are not numbers", () => {
  const two = features(Float32Array.of(1, 2), 2);
  expect(() => nearest(two, features(Float32Array.of(1), 1), 1)).toThrow(/the bank has 2 columns, the queries have 1/);
  expect(() => nearest(two, features(Float32Array.of(1, NaN), 2), 1)).toThrow(/queries: the feature at row 0, column 1 is NaN/);
});

test("knnClassify() weighs votes by exp(cosine / temperature)", () => {
  // Two neighbours of class 1 a little farther than one of class 0: which side wins is the temperature's matter.
  const at = (angle: number) => [Math.cos(angle), Math.sin(angle)];
  const bank = features(Float32Array.from([at(0.1), at(0.5), at(-0.5)].flat()), 2), query = features(Float32Array.from(at(0)), 2);
  const [near, far] = [Math.cos(0.1), Math.cos(0.5)], even = (near - far) / Math.log(2);
  expect([...knnClassify(bank, [0, 1, 1], query, { k: 3, temperature: 0.9 * even })]).toEqual([0]);
  expect([...knnClassify(bank, [0, 1, 1], query, { k: 3, temperature: 1.1 * even })]).toEqual([1]);
  expect([...knnClassify(bank, [0, 1, 1], query, { k: 3, temperature: 1e-4 })]).toEqual([0]); // no overflow
});

test("knnClassify() tells clear blobs apart and is at chance on noise", () => {
  const train = blobs(300, 8, 3, 3, 1), held = blobs(90, 8, 3, 3, 2);
  expect(accuracy(knnClassify(train.features, train.labels, held.features), held.labels)).toBeGreaterThan(0.95);
  const noise = blobs(300, 8, 3, 0, 3), other = blobs(90, 8, 3, 0, 4);
  expect(accuracy(knnClassify(noise.features, noise.labels, other.features), other.labels)).toBeLessThan(0.55);
});

test("accuracy() wants as many predictions as labels", () => {
  expect(accuracy([1, 2, 3, 4], [1, 2, 0, 4])).toBe(0.75);
  expect(() => accuracy([1], [])).toThrow(/1 predictions for 0 labels/);
});

for (const provider of providers) {
  test(`nearestOn() on ${provider.name} finds the neighbours that nearest() finds, in one run and in several`, async () => {
    const device = await provider.open();
    for (const [rows, count, dim, k] of [[1, 1, 1, 1], [40, 5, 8, 7], [70, 300, 4, 3]]) {
      const bank = features(normals(rows * dim, 1), dim), queries = features(normals(count * dim, 2), dim);
      const found = await nearestOn(device, bank, queries, k), wanted = nearest(bank, queries, k);
      expect([...found.indices]).toEqual([...wanted.indices]);
      found.similarities.forEach((s, i) => expect(Math.abs(s - wanted.similarities[i])).toBeLessThan(1e-6));
    }
  });
}

test("eachQueryOn() joins the parts of a bank that is too large for one", async () => {
  const dim = 2, rows = 2 ** 15 + 100; // a part has 2^15 rows, for which 256 queries have 32 MiB of similarities
  const bank = features(normals(rows * dim, 3), dim), queries = features(normals(260 * dim, 4), dim);
  let seen = 0;
  const wanted = nearest(bank, queries, 1);
  await eachQueryOn(await providers.at(-1)!.open(), bank, queries, (query, similarities) => {
    expect(query).toBe(seen++);
    const best = similarities.reduce((best, s, j) => s > similarities[best] ? j : best, 0);
    expect(Math.abs(similarities[wanted.indices[query]] - similarities[best])).toBeLessThan(1e-6);
  });
  expect(seen).toBe(260);
});
