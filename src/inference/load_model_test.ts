import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { saveBeit } from "../checkpoint/beit/mod.ts";
import { writeTokenizer } from "../checkpoint/tokenizer.ts";
import { encodePng } from "../data/encode.ts";
import type { Picture } from "../data/picture.ts";
import { type Device, openDevice } from "../devices/mod.ts";
import { beitConfig } from "../models/beit_config.ts";
import { beitParams } from "../models/beit.ts";
import { tokenizer, tokenizerConfig } from "../models/tokenizer.ts";
import { initialValues, type ParamSpec } from "../nn/parameters.ts";
import { loadModel } from "./load_model.ts";

const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 32, depth: 4, heads: 2, classes: 3 });
const codec = tokenizerConfig({ form: "customized", vocab: 16, codebookDim: 8, layers: 3, residual: false, hidden: 8 });
const valuesOf = (table: Record<string, ParamSpec>) =>
  Object.fromEntries(
    Object.entries(table).map(([name, spec]) => [name, initialValues(name, { ...spec, init: (draws) => 0.3 * draws.normal() }, 1)]),
  );
const picture = (seed: number): Picture => ({
  width: 40,
  height: 32,
  pixels: new Uint8Array(40 * 32 * 3).map((_, i) => ((i + seed) * 2654435761) >>> 24),
});

let device: Device, folder: string, weights: string;
beforeAll(async () => {
  device = await openDevice({ device: "cpu", threads: 1 });
  folder = mkdtempSync(join(tmpdir(), "zellige-load-"));
  weights = join(folder, "beit.safetensors");
  await saveBeit(weights, config, valuesOf(beitParams(config)));
  await writeTokenizer(join(folder, "tokenizer.safetensors"), codec, valuesOf(tokenizer(codec).params));
});
afterAll(async () => {
  await device.destroy();
  rmSync(folder, { recursive: true });
});

test("a picture has the same vector as bytes, path, address, Blob, ImageData and pixels, here and decoded by a worker", async () => {
  const one = picture(1), png = await encodePng(one), path = join(folder, "one.png");
  writeFileSync(path, png);
  const rgba = new Uint8ClampedArray(40 * 32 * 4).map((_, i) => i % 4 === 3 ? 255 : one.pixels[Math.floor(i / 4) * 3 + i % 4]);
  await using model = await loadModel(weights, { device, workers: 1, batchSize: 4 });
  const forms = [one, png, png.buffer, path, pathToFileURL(path), new Blob([png]), { width: 40, height: 32, data: rgba }];
  const { vectors, data, dimensions } = await model.embed(forms);
  expect([vectors.length, dimensions, data.length]).toEqual([7, 32, 7 * 32]);
  for (const vector of vectors) vector.forEach((value, c) => expect(value).toBeCloseTo(vectors[0][c], 5));
  expect(Math.hypot(...vectors[6])).toBeCloseTo(1, 5);
  await using here = await loadModel(pathToFileURL(weights), { device });
  (await here.embed(png)).data.forEach((value, c) => expect(value).toBeCloseTo(vectors[0][c], 5));
});

test("more pictures than a batch come back in their order, whatever the method", async () => {
  const pictures = Array.from({ length: 5 }, (_, i) => picture(i * 1000));
  await using model = await loadModel(weights, { device, batchSize: 2 });
  const { vectors } = await model.embed(pictures), dense = await model.dense(pictures), { weights: map } = await model.attention(pictures);
  const alone = await model.embed(pictures[4]);
  vectors[4].forEach((value, c) => expect(value).toBeCloseTo(alone.data[c], 5));
  expect([dense.grid, dense.data.length, map.length]).toEqual([[4, 4], 5 * 16 * 32, 5 * 2 * 16]);
  const { best, classes, probabilities } = await model.classify(pictures);
  expect([classes, best.length, probabilities.length]).toEqual([["0", "1", "2"], 5, 15]);
  expect(best[3]).toBe(classes[probabilities.subarray(9, 12).indexOf(Math.max(...probabilities.subarray(9, 12)))]);
});

test("tokens of pictures decode to pictures", async () => {
  await using model = await loadModel(join(folder, "tokenizer.safetensors"), { device, batchSize: 2 });
  const { grid, ids } = await model.tokens([picture(1), picture(2), picture(3)]);
  expect([grid, ids.length]).toEqual([[14, 14], 3 * 196]);
  const decoded = await model.decode(ids);
  expect(decoded.map(({ width, height, pixels }) => [width, height, pixels.length])).toEqual(Array(3).fill([112, 112, 112 * 112 * 3]));
});

test("what cannot be read or is not there says so by name", async () => {
  await using model = await loadModel(weights, { device });
  const message = async (act: Promise<unknown>) => (await act.catch((error) => `${error.name}: ${error.message}`)) as string;
  expect(await message(model.embed([picture(1), Uint8Array.of(1, 2, 3)]))).toMatch(/^DataError: picture 1: /);
  expect(await message(model.embed(join(folder, "none.png")))).toMatch(/^DataError: .*none\.png: cannot be read .*; check the path/);
  expect(await message(model.embed({ width: 2, height: 2, data: new Uint8ClampedArray(12) }))).toMatch(/4 values are 16, 12 were given/);
  expect(await message(model.embed([]))).toMatch(/^DataError: pictures: none were given/);
  expect(await message(model.embed(picture(1), { block: 9 }))).toMatch(/^RecipeError: block is 9, .* has 4 blocks/);
  expect(await message(model.tokens(picture(1)))).toMatch(/cannot tokens, only embed/);
  expect(await message(loadModel(join(folder, "none.safetensors"), { device }))).toMatch(/^CheckpointError: /);
  expect(await message(loadModel(weights, { device, batchSize: 65 }))).toMatch(/^ShapeError: loadModel: batchSize is 65/);
});
