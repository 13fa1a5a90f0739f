import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveHfBert } from "../checkpoint/bert/mod.ts";
import { specialTokens, wordPieceOf } from "../data/text/word_piece.ts";
import { openDevice } from "../devices/mod.ts";
import { bertParams } from "../models/bert.ts";
import { type BertConfig, bertConfig } from "../models/bert_config.ts";
import { initialValues } from "../nn/parameters.ts";
import { createApp } from "../server/app.ts";
import { testEngine } from "../server/testing.ts";
import { Run } from "../train/run.ts";
import { cpu, toEnd } from "../train/testing.ts";
import { resolveAnyRecipe } from "../train/modality.ts";
import { InferenceEngine } from "./engine.ts";

let folder: string;
const engine = new InferenceEngine({ open: () => openDevice({ device: "cpu", threads: 1 }) });
const wordPiece = wordPieceOf([...specialTokens, "a", "good", "bad", "film"]);
const plain = { vocab: 9, dim: 8, depth: 2, heads: 2, positions: 20, initial: 0.5, masked: false };
const save = async (name: string, config: BertConfig, labels: string[] = []) => {
  const values = Object.fromEntries(Object.entries(bertParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 4)]));
  await saveHfBert(join(folder, name), config, values, { labels, tokenizer: wordPiece.files() });
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zellige-texts-"));
  await save("plain", bertConfig(plain));
  await save("tuned", bertConfig({ ...plain, classes: 2 }), ["bad", "good"]);
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

test("a Hugging Face folder of BERT is a model of texts, with classes where it was fine-tuned", async () => {
  const one = await engine.load(join(folder, "plain")), tuned = await engine.load(join(folder, "tuned"));
  expect([one.modality, one.abilities, one.embedding.dimensions, one.blocks]).toEqual(["texts", ["embed"], [8], 2]);
  expect([tuned.abilities, tuned.classes]).toEqual([["embed", "classify"], ["bad", "good"]]);
  const texts = ["a good film", "a bad film"], { data, tokens, faults, dimensions } = await engine.embedTexts(one.id, texts, {});
  expect([data.length, dimensions, tokens, faults]).toEqual([16, 8, [5, 5], []]);
  const { classes, probabilities } = await engine.classifyTexts(tuned.id, texts, {});
  expect([classes, probabilities[0] + probabilities[1]]).toEqual([["bad", "good"], expect.closeTo(1, 5)]);
  expect(() => engine.embed(one.id, { count: 1, size: 8, data: new Uint8Array(192) }, {})).toThrow(/takes texts, no pictures/);
  expect((await engine.check()).ms).toBeGreaterThan(0);
});

test("texts that the model cannot take are told by their place, and the others have their vectors", async () => {
  const { id } = await engine.load(join(folder, "plain")), long = Array(30).fill("film").join(" ");
  const { data, faults, tokens } = await engine.embedTexts(id, ["a", long, " ", "film"], {});
  expect(faults).toEqual([
    { index: 1, fault: "has 32 tokens, the model takes 20; cut it, or choose truncate" },
    { index: 2, fault: "has no token; give texts with words" },
  ]);
  expect(tokens).toEqual([3, 0, 0, 3]);
  expect([...data].map(Number.isFinite)).toEqual([true, false, false, true].flatMap((good) => Array(8).fill(good)));
  const alone = await engine.embedTexts(id, ["film"], {});
  for (let c = 0; c < 8; c++) expect(data[24 + c]).toBeCloseTo(alone.data[c], 5);
  expect((await engine.embedTexts(id, [long], { truncate: true })).tokens).toEqual([20]);
});

test("POST /v1/embeddings over a BERT gives the engine's vectors", async () => {
  const { id } = await engine.load(join(folder, "plain"));
  const app = createApp({
    engine: Object.assign(testEngine([]), engine, { models: () => engine.models() }),
    settings: { logLevel: "silent" },
  });
  const body = JSON.stringify({ input: ["a good film"], model: id, normalize: false });
  const request = new Request("http://localhost/v1/embeddings", { method: "POST", body, headers: { "content-type": "application/json" } });
  const { data, usage } = await (await app.fetch(request)).json();
  expect([data[0].embedding, usage.prompt_tokens]).toEqual([[...(await engine.embedTexts(id, ["a good film"], {})).data], 5]);
});

test("a run on texts is served: its pre-trained encoder, and its best classifier", async () => {
  const short = { steps: 2, batchSize: 2, warmupSteps: 0 }, films = join(folder, "films.tsv");
  const lines = Array.from({ length: 20 }, (_, i) => `${["good", "bad"][i % 2]} film number ${i}\t${["yes", "no"][i % 2]}`);
  writeFileSync(films, `text\tclass\n${lines.join("\n")}\n`);
  const recipe = resolveAnyRecipe({
    preset: "sentiment",
    data: { labelled: { kind: "table", path: films, text: "text", class: "class" }, length: 8 },
    vocabulary: { size: 80 },
    encoder: { dim: 8, depth: 1, heads: 1 },
    pretrain: short,
    finetune: { ...short, arms: ["pretrained"], labels: [1], seeds: [0] },
  });
  const { run } = await toEnd({ run: Run.create(folder, recipe, "films"), workers: 0, device: cpu });
  expect(run.error).toBe(undefined);
  const { id, abilities, classes } = await engine.load(run.path);
  expect([abilities, classes]).toEqual([["embed", "classify"], ["no", "yes"]]);
  const { probabilities } = await engine.classifyTexts(id, ["good film"], {});
  expect(probabilities.length).toBe(2);
  const [first] = run.checkpoints().filter(({ stage }) => stage === "pretrain");
  expect((await engine.load(first.path)).abilities).toEqual(["embed"]);
});
