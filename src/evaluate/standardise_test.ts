import { expect, test } from "bun:test";
import { features } from "./features.ts";
import { fitStandardiser, standardise } from "./standardise.ts";
import { normals } from "./testing.ts";

test("standardise() gives training columns mean 0 and variance 1, whatever their scale", () => {
  const raw = normals(600, 1).map((v, i) => i % 3 === 0 ? 1000 + 0.01 * v : i % 3 === 1 ? 50 * v : v), table = features(raw, 3);
  const { values } = standardise(table, fitStandardiser(table));
  for (let c = 0; c < 3; c++) {
    const column = Array.from({ length: 200 }, (_, r) => values[3 * r + c]), mean = column.reduce((a, b) => a + b) / 200;
    expect(mean).toBeCloseTo(0, 1); // 1000 + 0.01 v holds few digits of v in float32
    expect(column.reduce((a, b) => a + (b - mean) ** 2, 0) / 200).toBeCloseTo(1, 2);
  }
});

test("a column without variance becomes zero and not infinite", () => {
  const table = features(Float32Array.of(7, 1, 7, 2, 7, 3), 2), { values } = standardise(table, fitStandardiser(table));
  expect([values[0], values[2], values[4]]).toEqual([0, 0, 0]);
  expect(values[1]).toBeCloseTo(-Math.sqrt(1.5), 5);
});

test("standardise() refuses features of another width", () => {
  const fit = fitStandardiser(features(Float32Array.of(1, 2), 2));
  expect(() => standardise(features(Float32Array.of(1, 2, 3), 3), fit)).toThrow(/features have 3 columns, the fit has 2/);
});
