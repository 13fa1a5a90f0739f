import { expect, test } from "bun:test";
import { checkFinite, collect, features, pick, unitRows } from "./features.ts";

test("collect() joins batches by name, the last one shorter", async () => {
  const batches = [{ count: 2, first: 0 }, { count: 1, first: 2 }];
  const found = await collect(batches, ({ count, first }) => {
    const rows = Array.from({ length: count }, (_, i) => first + i);
    return Promise.resolve({ a: Float32Array.from(rows), b: Float32Array.from(rows.flatMap((r) => [r, 10 * r])) });
  });
  expect([...found.a.values]).toEqual([0, 1, 2]);
  expect([found.b.rows, found.b.dim, ...found.b.values]).toEqual([3, 2, 0, 0, 1, 10, 2, 20]);
});

test("collect() refuses a batch that misses a name or has another width", async () => {
  const run = (second: Record<string, Float32Array>) =>
    collect([{ count: 1, n: 0 }, { count: 1, n: 1 }], ({ n }) => Promise.resolve(n ? second : { a: Float32Array.of(1, 2) }));
  await expect(run({ b: Float32Array.of(1, 2) })).rejects.toThrow(/batch 1 of 1 has 2 values of b, rows have none/);
  await expect(run({ a: Float32Array.of(1) })).rejects.toThrow(/batch 1 of 1 has 1 values of a, rows have 2/);
});

test("features() wants whole rows, and checkFinite() names the place of a bad value", () => {
  expect(() => features(new Float32Array(5), 2)).toThrow(/5 values are no rows of 2/);
  expect(() => checkFinite(features(Float32Array.of(1, 2, 3, NaN), 2), "here")).toThrow(/here: the feature at row 1, column 1 is NaN/);
});

test("pick() takes rows in the given order and unitRows() leaves zeros alone", () => {
  const table = features(Float32Array.of(3, 4, 0, 0, 0, 2), 2);
  expect([...pick(table, [2, 0]).values]).toEqual([0, 2, 3, 4]);
  expect([...unitRows(table).values]).toEqual([3 / 5, 4 / 5, 0, 0, 0, 1].map(Math.fround));
});
