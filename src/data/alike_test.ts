import { expect, test } from "bun:test";
import { alike, type AlikeOptions } from "./alike.ts";
import { epochOrder } from "./order.ts";

const sizes = Array.from({ length: 1003 }, (_, i) => 3 + (i * 7919) % 97);
const options: AlikeOptions = { seed: 5, epoch: 1, batchSize: 8, size: (i) => sizes[i] };
const order = epochOrder(sizes.length, { ...options, shuffle: true });

test("alike() keeps every sample, repeats itself, and leaves those of an incomplete batch where they are", () => {
  const found = alike(order, options);
  expect([...found].sort((a, b) => a - b)).toEqual(sizes.map((_, i) => i));
  expect(alike(order, options)).toEqual(found);
  expect(found.slice(-3)).toEqual(order.slice(-3));
});

test("alike() makes batches of like sizes, in an order that seed and epoch draw", () => {
  const longest = (order: Uint32Array) =>
    Array.from({ length: 125 }, (_, b) => Math.max(...order.subarray(8 * b, 8 * b + 8).values().map((i) => sizes[i])));
  const padded = (order: Uint32Array) => longest(order).reduce((sum, most) => sum + 8 * most, 0);
  const real = order.subarray(0, 1000).reduce((sum, i) => sum + sizes[i], 0), found = alike(order, options);
  expect(padded(order) / real).toBeGreaterThan(1.6);
  expect(padded(found) / real).toBeLessThan(1.1);
  const rises = longest(found).filter((most, b, all) => b > 0 && most > all[b - 1]).length;
  expect(rises).toBeGreaterThan(40);
  expect(rises).toBeLessThan(85);
  expect(alike(order, { ...options, epoch: 2 })).not.toEqual(found);
});
