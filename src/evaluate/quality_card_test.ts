import { expect, test } from "bun:test";
import { providers } from "../../tests/providers.ts";
import { colourHistogram, rawPixels } from "./baselines.ts";
import { type BlockFeatures, chooseBlock } from "./choose_block.ts";
import { features, pick } from "./features.ts";
import { qualityCard } from "./quality_card.ts";
import { retrieval } from "./retrieval.ts";
import { splits } from "./splits.ts";
import { blobs, normals } from "./testing.ts";

test("retrieval() has the average precision that its ranking says", () => {
  const at = (angle: number) => [Math.cos(angle), Math.sin(angle)];
  const bank = features(Float32Array.from([0.1, 0.2, 0.3, 0.4].flatMap(at)), 2), query = features(Float32Array.from(at(0)), 2);
  expect(retrieval(bank, [1, 0, 0, 1], query, [1])).toEqual({ recall1: 1, meanAveragePrecision: (1 + 2 / 4) / 2 });
  expect(retrieval(bank, [1, 0, 0, 1], query, [0])).toEqual({ recall1: 0, meanAveragePrecision: (1 / 2 + 2 / 3) / 2 });
  expect(() => retrieval(bank, [1, 0, 0, 1], query, [5])).toThrow(/no query has a picture of its class/);
});

test("retrieval() does not reward the order of equal similarities", () => {
  const bank = features(new Float32Array(8).fill(1), 2), query = features(Float32Array.of(1, 1), 2);
  expect(retrieval(bank, [1, 0, 0, 0], query, [1]).meanAveragePrecision).toBe(1 / 4);
  expect(retrieval(bank, [0, 0, 0, 1], query, [1]).meanAveragePrecision).toBe(1 / 4);
});

test("colourHistogram() rows have length 1 and see colours, not places", () => {
  const half = (left: number[], right: number[]) => [left, right, left, right].flat();
  const [a, b, c] = [half([255, 0, 0], [0, 0, 255]), half([0, 0, 255], [255, 0, 0]), half([0, 255, 0], [0, 255, 0])];
  const { values, dim, rows } = colourHistogram({ size: 2, values: Uint8Array.from([a, b, c].flat()) });
  const row = (r: number) => [...values.subarray(r * dim, (r + 1) * dim)];
  expect([rows, dim]).toEqual([3, 216]);
  expect(row(0)).toEqual(row(1));
  expect(row(0)).not.toEqual(row(2));
  for (let r = 0; r < 3; r++) expect(Math.hypot(...row(r))).toBeCloseTo(1, 6);
});

test("rawPixels() averages areas and leaves the mean colour out", () => {
  const picture = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => i % 3 === 0 && Math.floor(i / 3) % 32 >= 16 ? 255 : 51);
  const { values, dim } = rawPixels({ size: 32, values: picture });
  expect(dim).toBe(768);
  expect(values[0]).toBeCloseTo(-0.4, 5);
  expect(values[3 * 15]).toBeCloseTo(0.4, 5);
  expect(values[1]).toBeCloseTo(0, 5);
  expect(() => rawPixels({ size: 32, values: picture.subarray(1) })).toThrow(/3071 bytes are no pictures of 32 x 32 x 3/);
});

test("qualityCard() says which baselines the embedder beats and which it does not", async () => {
  const { features: good, labels } = blobs(200, 6, 4, 3, 1), noise = (seed: number) => features(normals(200 * 6, 50 + seed), 6);
  const card = await qualityCard([
    { name: "embedder", kind: "embedder", features: () => good, shrinkage: 0.1 },
    { name: "random", kind: "baseline", features: noise },
    { name: "itself", kind: "baseline", features: () => good, shrinkage: 0.1 },
  ], labels);
  expect(card).toMatchObject({ pictures: 200, classes: 4, seeds: [0, 1, 2], chance: 0.25 });
  expect(card.rows.map(({ knn }) => knn.mean > 0.9)).toEqual([true, false, true]);
  expect(card.rows[1].knn.std).toBeGreaterThan(0);
  expect(card.verdicts[0]).toMatch(/^embedder beats random: kNN \d+\.\d % against/);
  expect(card.verdicts[1]).toMatch(/no better and no worse than itself/);
  const device = await providers.at(-1)!.open(),
    one = { name: "embedder", kind: "embedder" as const, features: () => good, shrinkage: 0.1 };
  const onDevice = await qualityCard([one], labels, { device });
  expect(onDevice.rows[0].knn.mean).toBeCloseTo(card.rows[0].knn.mean, 2);
  expect(onDevice.rows[0].meanAveragePrecision.mean).toBeCloseTo(card.rows[0].meanAveragePrecision.mean, 4);
  const worse = await qualityCard([{ name: "net", kind: "embedder", features: noise }, {
    name: "histogram",
    kind: "baseline",
    features: () => good,
  }], labels);
  expect(worse.verdicts).toEqual([expect.stringMatching(/net does not beat histogram.*Do not use it for search/)]);
});

test("qualityCard() names the candidate whose rows are not the labels'", async () => {
  const one = { name: "short", kind: "embedder" as const, features: () => features(new Float32Array(6), 2) };
  await expect(qualityCard([one], [0, 1])).rejects.toThrow(/short has 3 rows, there are 2 labels/);
});

/** Block 2's mean is informative, its class token less so, the last block's class token is noise. */
function candidates(): { blocks: BlockFeatures[]; labels: number[] } {
  const { labels, features: clear } = blobs(240, 5, 3, 2.5, 1), weak = blobs(240, 5, 3, 0.8, 2).features;
  const noise = features(normals(240 * 5, 3), 5);
  return {
    labels,
    blocks: [
      { block: 1, pool: "mean", features: weak },
      { block: 2, pool: "class-token", features: weak },
      { block: 2, pool: "mean", features: clear },
      { block: 3, pool: "class-token", features: noise },
      { block: 3, pool: "mean", features: weak },
    ],
  };
}

test("chooseBlock() takes the best and reports it, and the last class token, on the test part", async () => {
  const { blocks, labels } = candidates(), parts = splits(labels, { seed: 0 });
  const { validation, chosen, lastClassToken } = await chooseBlock(blocks, labels, parts);
  expect(validation.map(({ block, pool }) => `${block} ${pool}`)).toEqual(blocks.map(({ block, pool }) => `${block} ${pool}`));
  expect(chosen).toMatchObject({ block: 2, pool: "mean" });
  expect(chosen.knn).toBeGreaterThan(0.9);
  expect(lastClassToken).toMatchObject({ block: 3, pool: "class-token" });
  expect(lastClassToken!.knn).toBeLessThan(0.6);
});

test("what the test part holds does not move the choice", async () => {
  const { blocks, labels } = candidates(),
    parts = splits(labels, { seed: 0 }),
    spoilt = blocks.map(({ features: f, ...rest }) => {
      const values = f.values.slice();
      for (const r of parts.test) values.fill(0.5, r * 5, (r + 1) * 5);
      return { ...rest, features: features(values, 5) };
    });
  const one = await chooseBlock(blocks, labels, parts), other = await chooseBlock(spoilt, labels, parts);
  expect(other.validation).toEqual(one.validation);
  expect(other.chosen.knn).toBeLessThan(one.chosen.knn);
  expect(pick(spoilt[0].features, parts.train).values).toEqual(pick(blocks[0].features, parts.train).values);
});

test("chooseBlock() whitens where that helps and only centres where it does not", async () => {
  const { features: clear, labels } = blobs(240, 5, 3, 2.5, 1), parts = splits(labels, { seed: 0 });
  const besideNoise = (columns: number, size: number) => {
    const dim = 5 + columns, noise = normals(240 * dim, 9), row = (i: number) => Math.floor(i / dim);
    return features(noise.map((v, i) => i % dim < 5 ? clear.values[row(i) * 5 + i % dim] : size * v), dim);
  };
  const drowned = besideNoise(10, 30), padded = besideNoise(40, 0.01);
  const one = { block: 1, pool: "mean" as const };
  const [whitened, left] = [drowned, padded].map((table) => chooseBlock([{ ...one, features: table }], labels, parts));
  const { chosen } = await whitened;
  expect([chosen.shrinkage < 1, chosen.knn > chosen.rawKnn + 0.2, chosen.knn > 0.8]).toEqual([true, true, true]);
  expect((await left).chosen).toMatchObject({ shrinkage: 1 });
});

test("no picture is its own neighbour while features are chosen", async () => {
  const labels = Array.from({ length: 60 }, (_, i) => i % 2), parts = splits(labels, { seed: 0 });
  const noise = { block: 1, pool: "mean" as const, features: features(normals(60 * 4, 5), 4) };
  const { validation } = await chooseBlock([noise], labels, parts, { k: 1 });
  expect(validation[0].rawKnn).toBeLessThan(0.75); // 1 where each finds itself
});

test("features that do not differ are measured without whitening", async () => {
  const labels = Array.from({ length: 30 }, (_, i) => i % 3), parts = splits(labels, { seed: 0 });
  const same = { block: 0, pool: "class-token" as const, features: features(new Float32Array(30 * 4).fill(0.3), 4) };
  const { chosen } = await chooseBlock([same], labels, parts);
  expect(chosen.knn).toBe(chosen.rawKnn);
});

test("chooseBlock() fits probes on a device, and says what it lacks", async () => {
  const { blocks, labels } = candidates(), parts = splits(labels, { seed: 0 }), device = await providers.at(-1)!.open();
  const { chosen, validation } = await chooseBlock(blocks.slice(1, 4), labels, parts, { device, by: "probe" });
  expect(validation.every(({ probe }) => probe !== undefined)).toBe(true);
  expect(chosen).toMatchObject({ block: 2, pool: "mean" });
  expect(chosen.probe).toBeGreaterThan(0.9);
  await expect(chooseBlock(blocks, labels, parts, { by: "probe" })).rejects.toThrow(/probes need a device/);
  await expect(chooseBlock([], labels, parts)).rejects.toThrow(/no features were given/);
});
