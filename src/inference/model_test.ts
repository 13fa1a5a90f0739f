import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveBeit } from "../checkpoint/beit/mod.ts";
import { embedderFile, writeEmbedder } from "../checkpoint/embedder.ts";
import { fixture } from "../checkpoint/testing.ts";
import { writeTokenizer } from "../checkpoint/tokenizer.ts";
import { type Device, openDevice } from "../devices/mod.ts";
import { CheckpointError } from "../errors.ts";
import { beitConfig } from "../models/beit_config.ts";
import { beitParams } from "../models/beit.ts";
import { tokenizer, tokenizerConfig } from "../models/tokenizer.ts";
import { initialValues, type ParamSpec } from "../nn/parameters.ts";
import type { Pixels } from "./types.ts";
import { loadParts } from "./load.ts";
import { Model } from "./model.ts";

const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 32, depth: 4, heads: 2, vocab: 16 });
const codec = tokenizerConfig({ form: "customized", vocab: 16, codebookDim: 8, layers: 2, residual: false, hidden: 8 });
const valuesOf = (table: Record<string, ParamSpec>) =>
  Object.fromEntries(
    Object.entries(table).map(([name, spec]) => [name, initialValues(name, { ...spec, init: (draws) => 0.3 * draws.normal() }, 1)]),
  );
const noise = (count: number, size: number): Pixels => {
  const data = new Uint8Array(count * size * size * 3).map((_, i) => (i * 2654435761) >>> 24);
  return { count, size, data };
};
const one = ({ size, data }: Pixels, i: number): Pixels => ({
  count: 1,
  size,
  data: data.slice(i * size * size * 3, (i + 1) * size * size * 3),
});

let device: Device, folder: string;
beforeAll(async () => {
  device = await openDevice({ device: "cpu", threads: 1 });
  folder = mkdtempSync(join(tmpdir(), "zellige-inference-"));
  await saveBeit(join(folder, "beit.safetensors"), config, valuesOf(beitParams(config)));
  await writeTokenizer(join(folder, "tokenizer.safetensors"), codec, valuesOf(tokenizer(codec).params));
});
afterAll(async () => {
  await device.destroy();
  rmSync(folder, { recursive: true });
});

const open = async (name: string) => new Model(device, await loadParts(join(folder, name)), name);

test("a picture's vector is the same alone and in a batch that is padded", async () => {
  const model = await open("beit.safetensors"), pictures = noise(3, 32);
  const together = await model.embed(pictures, {});
  expect([together.dimensions, together.data.length]).toEqual([32, 96]);
  for (let i = 0; i < 3; i++) {
    const alone = await model.embed(one(pictures, i), {});
    alone.data.forEach((value, c) => expect(value).toBeCloseTo(together.data[i * 32 + c], 5));
  }
  expect(together.data.subarray(0, 32)).not.toEqual(together.data.subarray(32, 64));
  await model.destroy();
});

test("block and pool choose the vector; the default is three quarters of the depth, mean of patches", async () => {
  const model = await open("beit.safetensors"), picture = noise(1, 32), { embedding, abilities, blocks, grid } = model.description;
  expect([embedding.block, embedding.pool, blocks, grid, abilities]).toEqual([3, "mean", 4, [4, 4], ["embed", "dense", "attention"]]);
  const [standard, same, other, both] = await Promise.all([
    model.embed(picture, {}),
    model.embed(picture, { block: 3, pool: "mean" }),
    model.embed(picture, { block: 1, pool: "class-token" }),
    model.embed(picture, { pool: "both" }),
  ]);
  expect(standard.data).toEqual(same.data);
  expect(standard.data).not.toEqual(other.data);
  expect([both.dimensions, both.data.slice(32)]).toEqual([64, standard.data]);
  const dense = await model.dense(picture, {});
  expect([dense.grid, dense.dimensions]).toEqual([[4, 4], 32]);
  for (let c = 0; c < 32; c++) {
    let mean = 0;
    for (let n = 0; n < 16; n++) mean += dense.data[n * 32 + c] / 16;
    expect(mean).toBeCloseTo(standard.data[c], 5);
  }
  await model.destroy();
});

test("attention gives each head's weights of patches, and no more than 1 in all", async () => {
  const model = await open("beit.safetensors"), { heads, grid, weights } = await model.attention(noise(2, 32), { block: 2 });
  expect([heads, grid, weights.length]).toEqual([2, [4, 4], 2 * 2 * 16]);
  for (let row = 0; row < 4; row++) {
    const sum = weights.subarray(row * 16, (row + 1) * 16).reduce((a, b) => a + b, 0);
    expect(sum > 0 && sum < 1).toBe(true);
  }
  await model.destroy();
});

test("an embedder beside the weights whitens, says its lengths, changes the fingerprint, and fits its encoder only", async () => {
  const plain = await open("beit.safetensors"), picture = noise(1, 32), raw = await plain.embed(picture, { block: 2, pool: "mean" });
  const whitening = { mean: raw.data.map((value) => value - 1), matrix: new Float32Array(8 * 32).map((_, i) => i % 33 === 0 ? 2 : 0) };
  const { encoder } = await loadParts(join(folder, "beit.safetensors"));
  const path = join(folder, embedderFile);
  await writeEmbedder(path, { block: 2, pool: "mean", encoder: encoder!.fingerprint, dimensions: [4, 8], whitening });
  const model = await open("beit.safetensors");
  const { data, dimensions } = await model.embed(picture, {});
  expect(dimensions).toBe(8);
  data.forEach((value) => expect(value).toBeCloseTo(2, 4));
  expect(model.description.embedding).toEqual({ block: 2, pool: "mean", whitened: true, dimensions: [4, 8] });
  expect(model.description.fingerprint).not.toBe(plain.description.fingerprint);
  await writeEmbedder(path, { block: 2, pool: "mean", encoder: "another", whitening });
  expect(await loadParts(join(folder, "beit.safetensors")).catch((error) => error)).toBeInstanceOf(CheckpointError);
  rmSync(path);
  await Promise.all([plain.destroy(), model.destroy()]);
});

test("tokens, decoding and reconstruction agree with each other", async () => {
  const encoder = await loadParts(join(folder, "beit.safetensors")), { tokenizer } = await loadParts(join(folder, "tokenizer.safetensors"));
  const model = new Model(device, { ...encoder, tokenizer }, "both");
  expect(model.description.abilities).toContain("reconstruct");
  expect(model.description.tokenizer).toMatchObject({ view: { size: 16 }, vocab: 16, grid: [4, 4] });
  const { ids, grid } = await model.tokens(noise(2, 16));
  expect([ids.length, grid, ids.every((id) => id < 16), new Set(ids).size > 1]).toEqual([32, [4, 4], true, true]);
  const decoded = await model.decode(ids);
  expect([decoded.width, decoded.height, decoded.data.length]).toEqual([16, 16, 2 * 16 * 16 * 3]);
  const masks = new Uint8Array(32);
  const nothing = await model.reconstruct(noise(2, 32), masks), seen = await model.tokens({ count: 2, size: 16, data: nothing.input });
  expect(nothing.predicted).toEqual((await model.decode(seen.ids)).data);
  const some = await model.reconstruct(noise(2, 32), masks.fill(1, 0, 16));
  const half = some.predicted.length / 2;
  expect(some.predicted.slice(half)).toEqual(nothing.predicted.slice(half));
  expect(some.predicted.slice(0, half)).not.toEqual(nothing.predicted.slice(0, half));
  expect((await model.decode(Uint32Array.of(16)).catch((error) => error)).message).toMatch(/decode: /);
  await model.destroy();
});

test("a Hugging Face classifier gives the published probabilities' classes by name", async () => {
  const path = fixture("hf_cls_a");
  if (!path) return console.log("skipped: no ../shared/fixtures");
  const model = new Model(device, await loadParts(path), "hf"), { view, classes } = model.description;
  const { probabilities } = await model.classify(noise(2, view.size));
  expect(probabilities.length).toBe(2 * classes!.length);
  expect(probabilities.subarray(0, classes!.length).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  await model.destroy();
});

test("what is no model, or cannot do what is asked, says so", async () => {
  expect((await loadParts(join(folder, "nothing.safetensors")).catch((error) => error)).name).toBe("CheckpointError");
  const model = await open("tokenizer.safetensors");
  expect(model.description.abilities).toEqual(["tokens", "decode"]);
  const failure = await Promise.resolve().then(() => model.embed(noise(1, 32), {})).catch((error) => error);
  expect(failure.message).toMatch(/cannot embed, only tokens, decode/);
  expect((await model.tokens(noise(1, 32)).catch((error) => error)).message).toMatch(/32 pixels a side, the tokenizer takes 56/);
  expect((await model.tokens(noise(65, 56)).catch((error) => error)).message).toMatch(/65 pictures at once; give 1 to 64/);
  await model.destroy();
});
