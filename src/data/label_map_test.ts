import { expect, test } from "bun:test";
import { DataError } from "../errors.ts";
import { augment, drawPlan, pretraining } from "./augment.ts";
import { type BatchRecipe, buffersOf, makeBatch } from "./batch.ts";
import { type DataSet, openDataSet } from "./datasets/mod.ts";
import { evaluatedLabels, ignoredLabel, plannedLabels } from "./label_map.ts";

/** A picture whose red value is its label, in large squares. */
const labels = Uint8Array.from({ length: 48 * 36 }, (_, i) => 40 * (Math.floor(i % 48 / 12) % 3) + 10 * (Math.floor(i / 48 / 12) % 4));
const picture = { width: 48, height: 36, pixels: Uint8Array.from({ length: 3 * labels.length }, (_, i) => labels[Math.floor(i / 3)]) };
const set: DataSet = {
  name: "squares",
  length: 1,
  pixelClasses: ["any"],
  read: () => Promise.resolve({ name: "squares/0", picture, labelMap: () => ({ width: 48, height: 36, labels }) }),
};
const plan = (...indices: number[]) => ({ seed: 1, epoch: 0, indices: Int32Array.from(indices), next: { seed: 1, epoch: 1, position: 0 } });

/** Shares of the pixels that a resized picture and its map agree about: all but those at borders. */
function agreement(pixels: Uint8Array, map: Uint8Array): number {
  return map.reduce((sum, label, i) => sum + Number(Math.abs(pixels[3 * i] - label) <= 2), 0) / map.length;
}

test("label maps are cut, flipped and resized as their pictures are", () => {
  const settings = { ...pretraining, jitter: 0, views: [{ size: 40, filter: "bicubic" as const }] };
  const flips = new Set<boolean>();
  for (let index = 0; index < 30; index++) {
    const drawn = drawPlan(picture, settings, { seed: 2, epoch: 0, index }),
      map = plannedLabels({ width: 48, height: 36, labels }, drawn, 40);
    // A small crop has blurred borders on many of its pixels; an unflipped map agrees by less than a half.
    expect(agreement(augment(picture, drawn, settings)[0].pixels, map), `sample ${index}`).toBeGreaterThan(0.7);
    flips.add(drawn.flip);
  }
  expect(flips.size).toBe(2);
});

test("a crop at its own size has exactly its labels, mirrored or not", () => {
  const crop = { left: 5, top: 7, width: 16, height: 16 }, at = (x: number, y: number) => labels[y * 48 + x];
  const plain = plannedLabels({ width: 48, height: 36, labels }, { crop, flip: false }, 16);
  const turned = plannedLabels({ width: 48, height: 36, labels }, { crop, flip: true }, 16);
  for (let y = 0; y < 16; y++) {
    for (let x = 0; x < 16; x++) {
      expect(plain[16 * y + x]).toBe(at(5 + x, 7 + y));
      expect(turned[16 * y + x]).toBe(at(47 - 5 - x, 7 + y));
    }
  }
});

test("the two ends of a picture have each pixel's label once, and the middle its own", () => {
  const map = { width: 48, height: 36, labels: Uint8Array.from({ length: 48 * 36 }, (_, i) => i % 48) }; // its column
  const [first, last, middle] = (["first", "last", "middle"] as const).map((part) => evaluatedLabels(map, 36, 1, part));
  const row = (labels: Uint8Array) => [...labels.subarray(5 * 36, 6 * 36)];
  const columns = Array.from({ length: 48 }, (_, x) => x), none = new Array(12).fill(ignoredLabel);
  expect(row(first)).toEqual([...columns.slice(0, 24), ...none]);
  expect(row(last)).toEqual([...none, ...columns.slice(24)]);
  expect(row(middle)).toEqual(columns.slice(6, 42));
  const tall = { width: 1, height: 3, labels: Uint8Array.of(1, 2, 3) };
  expect([...evaluatedLabels(tall, 2, 1, "first")]).toEqual([1, 1, 1, 1]); // of six rows the first two, which lie before the middle
});

test("makeBatch() brings label maps where they are wanted, ignored labels where there is no picture", async () => {
  const recipe: BatchRecipe = { preparation: { kind: "evaluate", size: 24, share: 1 }, onError: "skip", labelMaps: true };
  const batch = await makeBatch(set, recipe, plan(0, -1)), map = batch.labelMaps!;
  expect(agreement(batch.views[0].pixels, map.subarray(0, 24 * 24))).toBeGreaterThan(0.8);
  expect(map.subarray(24 * 24).every((label) => label === ignoredLabel)).toBe(true);
  expect(buffersOf(batch)).toContain(map.buffer);
  expect((await makeBatch(set, { ...recipe, labelMaps: false }, plan(0))).labelMaps).toBeUndefined();
});

test("a map of another size and a picture without one are refused by name", async () => {
  const recipe: BatchRecipe = { preparation: { kind: "evaluate", size: 8 }, onError: "fail", labelMaps: true };
  const other = {
    ...set,
    read: () => Promise.resolve({ name: "squares/9", picture, labelMap: () => ({ width: 36, height: 48, labels }) }),
  };
  await expect(makeBatch(other, recipe, plan(0))).rejects.toThrow(
    "squares/9: its label map has 36 x 48 pixels, the picture 48 x 36; bring them to one size",
  );
  await expect(makeBatch(await openDataSet({ kind: "mosaics", size: 8 }), recipe, plan(0))).rejects.toThrow(
    /basket\/0: has no label map/,
  );
  const { skipped, weights } = await makeBatch(other, { ...recipe, onError: "skip" }, plan(0));
  expect([skipped.length, weights[0]]).toEqual([1, 0]);
  await expect(makeBatch(other, recipe, plan(0))).rejects.toThrow(DataError);
});

test("panels have two motifs or more, each pixel labelled, the same in every opening", async () => {
  const open = () => openDataSet({ kind: "panels", size: 32, length: 8 }), seen = new Set<number>();
  for (let index = 0; index < 8; index++) {
    const sample = await (await open()).read(index), again = await (await open()).read(index);
    const { labels } = sample.labelMap!(), own = new Set(labels);
    expect([sample.picture, labels]).toEqual([again.picture, again.labelMap!().labels]);
    expect(own.size).toBeLessThanOrEqual(3);
    own.forEach((label) => seen.add(label));
  }
  expect(seen.size).toBeGreaterThan(6);
  expect((await open()).pixelClasses!.length).toBe(14);
  await expect(openDataSet({ kind: "panels", most: 1 })).rejects.toThrow(/most is 1; give a whole number from 2 to 14/);
});
