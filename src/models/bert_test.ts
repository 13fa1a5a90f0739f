import { afterAll, expect, test } from "bun:test";
import { randomSource } from "../../kernels/mod.ts";
import { CpuDevice } from "../devices/cpu.ts";
import { input } from "../graph.ts";
import { parameters } from "../nn/parameters.ts";
import { evaluate } from "../program.ts";
import { bert, bertParams } from "./bert.ts";
import { bertBase, bertConfig, type BertOptions } from "./bert_config.ts";
import { textClassLogits, textEmbedding } from "./bert_heads.ts";

const device = await CpuDevice.open({ threads: 1 });
afterAll(() => device.destroy());

const size = (options: BertOptions) =>
  Object.values(bertParams(bertConfig(options))).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
const config = bertConfig({ vocab: 20, dim: 8, depth: 2, heads: 2, positions: 6, masked: false });
const p = parameters(bertParams(config), { seed: 3 });
const texts = (T: number) => ({ tokens: input("tokens", [2, T], "u32"), keys: input("keys", [2, T]) });

test("bertBase has as many parameters as Hugging Face's BertForMaskedLM", () => {
  expect(size(bertBase)).toBe(109_514_298);
});

test("the embedding of a text does not depend on the padding behind it, and that of an empty place is 0", async () => {
  for (const pool of ["class-token", "mean"] as const) {
    const embed = (T: number) => textEmbedding(bert(p, texts(T), config), { block: -1, pool });
    const short = await evaluate(device, embed(3), { tokens: [2, 7, 3, 2, 9, 3], keys: [1, 1, 1, 1, 1, 1] });
    const long = await evaluate(device, embed(5), { tokens: [2, 7, 3, 9, 1, 4, 4, 4, 4, 4], keys: [1, 1, 1, 0, 0, 0, 0, 0, 0, 0] });
    for (let c = 0; c < 8; c++) expect(long[c]).toBeCloseTo(short[c], 5);
    expect(short[0]).not.toBe(short[8]);
    if (pool === "mean") expect([...long.subarray(8)]).toEqual(Array(8).fill(0));
  }
});

test("textEmbedding() reads the block that is asked for, and names those there are", async () => {
  const encoded = bert(p, texts(3), config), values = { tokens: [2, 7, 3, 2, 9, 3] };
  const first = await evaluate(device, textEmbedding(encoded, { block: 0, pool: "class-token" }), values);
  const blocks = await evaluate(device, encoded.blocks[0], values);
  expect([...first]).toEqual([...blocks.subarray(0, 8), ...blocks.subarray(24, 32)]);
  expect(() => textEmbedding(encoded, { block: 3, pool: "mean" })).toThrow("embedding: there is no block 3; give -3 to 2");
});

test("dropout acts in training only, and its rate is the configuration's", async () => {
  const values = { tokens: [2, 7, 3, 2, 9, 3] }, half = { ...config, dropout: 0.5 };
  const zeros = (x: ArrayLike<number>) => Array.from(x).filter((v) => v === 0).length;
  const trained = bert(p, texts(3), half, { random: randomSource("random") });
  const dropped = await evaluate(device, trained.blocks[0], { ...values, random: [1, 0] });
  expect(zeros(dropped)).toBeGreaterThan(10);
  expect(zeros(await evaluate(device, bert(p, texts(3), half).blocks[0], values))).toBe(0);
});

test("bert() refuses a text longer than its positions", () => {
  expect(() => bert(p, texts(7), config)).toThrow("bert: tokens (2, 7) u32 is not (B, T) with T up to 6, the model's positions");
});

test("bertConfig() names a slip and sizes that do not fit together", () => {
  expect(() => bertConfig({ dim: 10, depth: 1, heads: 3 })).toThrow("heads 3 does not divide dim 10");
  expect(() => bertConfig({ dim: 8, depth: 1, heads: 2, layers: 3 }, "recipe.model")).toThrow(/recipe\.model: .*layers/);
});

test("the classifier sees the class token, or the mean of tokens", async () => {
  const classifier = (pooling: "class-token" | "mean") => bertConfig({ ...config, classes: 3, pooling });
  const q = parameters(bertParams(classifier("mean")), { seed: 3 }), values = { tokens: [2, 7, 3, 2, 9, 3], keys: [1, 1, 1, 1, 1, 1] };
  const logits = (pooling: "class-token" | "mean") => textClassLogits(q, bert(q, texts(3), config), classifier(pooling));
  const [token, mean] = await Promise.all((["class-token", "mean"] as const).map((pooling) => evaluate(device, logits(pooling), values)));
  expect(token.length).toBe(6);
  expect([...mean]).not.toEqual([...token]);
});
