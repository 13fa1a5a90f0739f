import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveHfBert } from "../checkpoint/bert/mod.ts";
import { specialTokens, wordPieceOf } from "../data/text/word_piece.ts";
import { CpuDevice } from "../devices/cpu.ts";
import { bertParams } from "../models/bert.ts";
import { bertConfig } from "../models/bert_config.ts";
import { initialValues } from "../nn/parameters.ts";
import { TextModel } from "./text_model.ts";

const device = await CpuDevice.open({ threads: 1 }), folder = mkdtempSync(join(tmpdir(), "text-model-"));
afterAll(async () => {
  await device.destroy();
  rmSync(folder, { recursive: true });
});

const wordPiece = wordPieceOf([...specialTokens, "a", "good", "bad", "film"]);
const config = bertConfig({ vocab: 9, dim: 8, depth: 2, heads: 2, positions: 20, initial: 0.5, masked: false, classes: 2 });
const values = Object.fromEntries(Object.entries(bertParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 4)]));
await saveHfBert(folder, config, values, { labels: ["bad", "good"], tokenizer: wordPiece.files() });

test("a saved folder is loaded with its tokenizer and its classes, and gives one vector a text", async () => {
  const model = await TextModel.load(device, folder), texts = ["a good film", "A BAD film", "a good film"];
  const { data, dimensions } = await model.embed(texts);
  expect([data.length, dimensions]).toEqual([24, 8]);
  expect([...data.subarray(0, 8)]).toEqual([...data.subarray(16)]);
  expect([...data.subarray(0, 8)]).not.toEqual([...data.subarray(8, 16)]);
  const { classes, probabilities } = await model.classify(texts);
  expect(classes).toEqual(["bad", "good"]);
  for (let i = 0; i < 3; i++) expect(probabilities[2 * i] + probabilities[2 * i + 1]).toBeCloseTo(1, 5);
  await model.destroy();
});

test("a text has the same vector alone, among others and in a longer program", async () => {
  const model = await TextModel.load(device, folder), long = Array(17).fill("film").join(" ");
  const alone = await model.embed(["a good film"], { pool: "class-token" }),
    among = await model.embed([long, "a good film"], { pool: "class-token" });
  for (let c = 0; c < 8; c++) expect(among.data[8 + c]).toBeCloseTo(alone.data[c], 5);
  await model.destroy();
});

test("texts that cannot be are refused by number, a foreign vocabulary by its size", async () => {
  const model = await TextModel.load(device, folder), long = Array(30).fill("film").join(" ");
  await expect(model.embed(["a", " "])).rejects.toThrow("text 1: has no token");
  await expect(model.embed([long])).rejects.toThrow("text 0: has 32 tokens, the model takes 20");
  expect((await model.embed([long], { long: "truncate" })).data.length).toBe(8);
  await model.destroy();
  writeFileSync(join(folder, "tokenizer.json"), wordPieceOf([...wordPiece.tokens, "more"]).files()["tokenizer.json"]);
  await expect(TextModel.load(device, folder)).rejects.toThrow("has embeddings of 9 tokens, its tokenizer knows 10");
});
