import { expect, test } from "bun:test";
import { startParts, startValues, storage } from "../graph.ts";
import { normalInitial, truncatedNormalInitial, uniformInitial } from "./initial.ts";
import { initialValues, parameters } from "./parameters.ts";

const table = {
  w: { shape: [5, 13], init: normalInitial(1) },
  b: { shape: [13], init: 0.5 },
  t: { shape: [2, 2], init: [1, 2, 3, 4] },
};

test("parameters() lie side by side at multiples of 64 values, zero between them", () => {
  const p = parameters(table);
  const places = Object.values(p).map((t) => storage(t));
  expect(new Set(places.map(({ root }) => root)).size).toBe(1);
  expect(places.map(({ offset }) => offset)).toEqual([0, 128, 192]);
  const values = Array.from(startValues(places[0].root));
  expect(values.length).toBe(256);
  expect(values.slice(65, 128)).toEqual(Array(63).fill(0));
  expect(values.slice(128, 142)).toEqual([...Array(13).fill(0.5), 0]);
  expect(values.slice(192, 197)).toEqual([1, 2, 3, 4, 0]);
});

test("parameters() begin a new pack where one is full, and a large parameter has one alone", () => {
  const vector = { shape: [64], init: 0 };
  const p = parameters({ a: vector, b: vector, large: { shape: [3, 64], init: 0 }, c: vector }, { packBytes: 512, name: "net" });
  expect(Object.values(p).map((t) => `${storage(t).root.name} at ${storage(t).offset}`)).toEqual([
    "net 0 at 0",
    "net 0 at 64",
    "net 1 at 0",
    "net 2 at 0",
  ]);
});

test("blank parameters have no start values, and the same places", () => {
  const [blank, filled] = [true, false].map((blank) => Object.values(parameters(table, { blank })).map((t) => storage(t)));
  expect(blank.map(({ root }) => root.leaf!.init)).toEqual([undefined, undefined, undefined]);
  expect(blank.map(({ offset }) => offset)).toEqual(filled.map(({ offset }) => offset));
});

test("start values depend on the seed and the parameter's own name alone", () => {
  const at = (seed: number, names: string[], name: string) => {
    const p = parameters(Object.fromEntries(names.map((n) => [n, table.w])), { seed });
    const { root, offset } = storage(p[name]);
    return Array.from(startValues(root)).slice(offset, offset + 65).join();
  };
  expect(at(1, ["a", "b"], "b")).toBe(at(1, ["b", "c"], "b"));
  expect(at(1, ["a", "b"], "b")).not.toBe(at(1, ["a", "b"], "a"));
  expect(at(1, ["a"], "a")).not.toBe(at(2, ["a"], "a"));
});

test("the named distributions have their spread and bounds", () => {
  const std = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const draw = (init: typeof table.w.init) => initialValues("w", { shape: [40000], init }, 3);
  expect(std(draw(normalInitial(0.02))) / 0.02).toBeCloseTo(1, 1.5);
  expect(std(draw(uniformInitial(3))) / Math.sqrt(3)).toBeCloseTo(1, 1.5);
  const truncated = draw(truncatedNormalInitial(0.02, 0.02));
  expect(std(truncated) / 0.02).toBeCloseTo(0.5396, 2); // of the standard normal within one standard deviation
  expect(Math.max(...truncated.map(Math.abs))).toBeLessThanOrEqual(0.02 + 1e-9);
});

test("given values of another size are refused by name", () => {
  expect(() => initialValues("t", { shape: [2, 3], init: [1, 2] }, 0)).toThrow("parameters: t (2, 3) holds 6 values, 2 were given");
});

test("given values reach a pack as they are, one parameter after the other, without a copy of it on the host", () => {
  const given = Float32Array.of(1, 2, 3), p = parameters({ b: { shape: [3], init: given }, w: table.w }, { seed: 7 });
  const parts = [...startParts(storage(p.b).root)];
  expect(parts.map(({ offset, values }) => [offset, values.length])).toEqual([[0, 3], [64, 65]]);
  expect(parts[0].values).toBe(given);
  expect(initialValues("b", { shape: [3], init: given }, 7)).not.toBe(given);
});
