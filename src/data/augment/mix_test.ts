import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { openSafetensors } from "../../checkpoint/safetensors.ts";
import { DataError } from "../../errors.ts";
import { drawMix, type Mix, type MixSettings, mixTargets, partner } from "./mix.ts";

const fixture = new URL("../../../../shared/fixtures/mixup_a.safetensors", import.meta.url);
/** BEiT's fine-tuning on ImageNet. */
const publishedMix: MixSettings = { probability: 1, mixup: 0.8, cutmix: 1, switchProbability: 0.5 };
const size = { width: 224, height: 160 };
const many = (settings = publishedMix, n = 4000): Mix[] =>
  Array.from({ length: n }, (_, index) => drawMix(size, settings, { seed: 5, epoch: 1, index }));
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

test("partner() and mixTargets() are timm's", async () => {
  if (!existsSync(fixture)) return console.log("skipped: no ../shared/fixtures");
  const file = await openSafetensors(fixture);
  const floats = async (name: string) => new Float32Array((await file.readRaw(name)).slice().buffer);
  const labels = new BigInt64Array((await file.readRaw("y")).slice().buffer), x = await floats("x"), [B, each] = [4, 3 * 8 * 8];
  const targets = (lambda: number) => mixTargets(Array.from(labels, Number), 6, 0.1, lambda);
  const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) => Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
  expect(farthest(targets(0.3), await floats("mixup.target"))).toBeLessThan(1e-6);
  expect(farthest(targets(0.75), await floats("cutmix.target"))).toBeLessThan(1e-6);

  const other = (i: number) => x[partner(Math.floor(i / each), B) * each + i % each];
  expect(farthest(x.map((value, i) => 0.3 * value + 0.7 * other(i)), await floats("mixup.x"))).toBeLessThan(1e-6);
  const inside = (i: number) => i % 8 >= 1 && i % 8 < 5 && Math.floor(i / 8) % 8 >= 2 && Math.floor(i / 8) % 8 < 6;
  expect(farthest(x.map((value, i) => inside(i) ? other(i) : value), await floats("cutmix.x"))).toBe(0);
  await file.close();
});

test("drawMix() gives CutMix's lambda as the area that is left, and boxes inside the picture", () => {
  const cuts = many({ ...publishedMix, mixup: 0 });
  for (const { lambda, box } of cuts) {
    const { left, top, width, height } = box!;
    expect(left >= 0 && top >= 0 && left + width <= 224 && top + height <= 160).toBe(true);
    expect(lambda).toBe(1 - width * height / (224 * 160));
  }
  expect(Math.min(...cuts.map(({ lambda }) => lambda))).toBeLessThan(0.1);
  expect(cuts.some(({ box }) => box!.left === 0) && cuts.some(({ box }) => box!.left + box!.width === 224)).toBe(true);
});

test("drawMix() switches between the two, and leaves batches alone by its probability", () => {
  const both = many(), mixed = both.filter(({ box }) => box === null).map(({ lambda }) => lambda);
  expect(Math.abs(mixed.length / both.length - 0.5)).toBeLessThan(0.03);
  expect(Math.abs(mean(mixed) - 0.5)).toBeLessThan(0.03);
  const none = many({ ...publishedMix, probability: 0.3 }).filter(({ lambda }) => lambda === 1);
  expect(Math.abs(none.length / 4000 - 0.7)).toBeLessThan(0.03);
  expect(many({ ...publishedMix, mixup: 0, cutmix: 0 }, 3)).toEqual(Array(3).fill({ lambda: 1, box: null }));
});

test("mixTargets() sums to 1 and names a label that is no class", () => {
  const targets = mixTargets([0, 2, 1], 3, 0.1, 0.25);
  for (let row = 0; row < 3; row++) expect(Math.abs(mean([...targets.subarray(row * 3, row * 3 + 3)]) - 1 / 3)).toBeLessThan(1e-6);
  expect(() => mixTargets([0, 3], 3, 0.1, 1)).toThrow(DataError);
  expect(() => mixTargets([0, 3], 3, 0.1, 1)).toThrow(/label 3 at place 1, there are 3 classes/);
});
