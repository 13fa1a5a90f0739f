import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { saveHfBert } from "../checkpoint/bert/mod.ts";
import { writeSafetensors } from "../checkpoint/mod.ts";
import { encodePng } from "../data/encode.ts";
import { enlarge } from "../data/panels.ts";
import { testPicture } from "../data/test_picture.ts";
import { specialTokens, wordPieceOf } from "../data/text/word_piece.ts";
import { bertParams } from "../models/bert.ts";
import { bertConfig } from "../models/bert_config.ts";
import { beitParams } from "../models/beit.ts";
import { beitConfig } from "../models/beit_config.ts";
import { initialValues } from "../nn/parameters.ts";
import { main } from "./embed.ts";
import { saidBy } from "./testing.ts";

const folder = mkdtempSync(`${tmpdir()}/zellige-embed-`), pictures = `${folder}/pictures`, model = `${folder}/model.safetensors`;
afterAll(() => rmSync(folder, { recursive: true }));

const config = beitConfig({ imageSize: 16, patchSize: 8, dim: 16, depth: 4, heads: 2, vocab: 8 });
const tensors = Object.entries(beitParams(config)).map(([name, spec]) => [name, { shape: spec.shape, data: initialValues(name, spec, 1) }]);
await writeSafetensors(model, Object.fromEntries(tensors), { beit: JSON.stringify(config) });
mkdirSync(pictures);
for (let n = 0; n < 5; n++) writeFileSync(`${pictures}/${n}.png`, await encodePng(enlarge(testPicture(16 + n, 16), 2)));
writeFileSync(`${pictures}/bad.jpg`, "no picture");

const embed = (...args: string[]) => saidBy(main, ...args);

const rowsOf = (path: string): { name: string; fingerprint: string; embedding: number[] }[] =>
  readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line));

test("deno task embed writes unit vectors of every good picture and lists the bad one", async () => {
  const out = `${folder}/a.jsonl`, { code, said } = await embed(pictures, "--out", out, "--model", model);
  expect(said).toMatch(/a\.jsonl: 5 of 6 pictures, 16 values each/);
  expect(said).toMatch(/left out:\n {2}.*bad\.jpg: no picture format begins with/);
  expect(code).toBe(0);
  const rows = rowsOf(out);
  expect(rows.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4].map((n) => `${pictures}/${n}.png`));
  for (const { embedding } of rows) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
  expect(new Set(rows.map(({ embedding }) => embedding.join())).size).toBe(5);
});

test("the batch size does not change a vector, and block, pooling and length change the fingerprint", async () => {
  const run = async (name: string, ...args: string[]) => {
    const { code, said } = await embed(pictures, "--out", `${folder}/${name}.jsonl`, "--model", model, ...args);
    expect(code, said).toBe(0);
    return rowsOf(`${folder}/${name}.jsonl`);
  };
  const one = await run("one", "--batch", "1"),
    four = await run("four", "--batch", "4"),
    other = await run("other", "--block", "1", "--pool", "both");
  expect(four.map(({ embedding }) => embedding.map((v) => v.toFixed(4)))).toEqual(
    one.map(({ embedding }) => embedding.map((v) => v.toFixed(4))),
  );
  expect(four[0].fingerprint).toBe(one[0].fingerprint);
  expect(other[0].embedding).toHaveLength(32);
  expect(other[0].fingerprint).not.toBe(one[0].fingerprint);
  const raw = await run("raw", "--raw"), length = Math.hypot(...raw[0].embedding);
  expect(Math.abs(length - 1)).toBeGreaterThan(1e-3);
  raw[0].embedding.forEach((v, i) => expect(v / length).toBeCloseTo(four[0].embedding[i], 4));
});

test("--json gives the report as one object", async () => {
  const { said } = await embed(pictures, "--out", `${folder}/b.npy`, "--model", model, "--json");
  const report = JSON.parse(said.slice(said.indexOf("{")));
  expect(report).toMatchObject({ pictures: 6, embedded: 5, dimensions: 16, model, bad: [{ name: `${pictures}/bad.jpg` }] });
});

test("wrong arguments are named with exit code 2, a broken model or folder with 1", async () => {
  const out = `${folder}/c.npy`, good = [pictures, "--out", out, "--model", model];
  for (
    const [args, code, words] of [
      [["--out", out], 2, /0 folders are given, one is wanted/],
      [[pictures], 2, /--out is missing/],
      [[pictures, "--out", "c.csv"], 2, /c\.csv: has no known extension/],
      [[`${folder}/none`, "--out", out], 2, /none: does not exist/],
      [[...good, "--nope"], 2, /nope/],
      [[...good, "--block", "9"], 2, /--block is 9, .* has 4 blocks; give 0 to 4/],
      [[...good, "--block", "-1"], 2, /block/],
      [[...good, "--pool", "max"], 2, /--pool is max; give one of class-token, mean, both/],
      [[...good, "--batch", "5"], 2, /--batch is 5; give 1, 4, 16, 64/],
      [[...good, "--dimensions", "7"], 2, /--dimensions is 7, .* fitted for 16/],
      [[pictures, "--out", out, "--model", `${pictures}/0.png`], 1, /0\.png/],
    ] as [string[], number, RegExp][]
  ) {
    const found = await embed(...args);
    expect(found.said, args.join(" ")).toMatch(words);
    expect(found.code, args.join(" ")).toBe(code);
  }
});

test("with a model of texts every line of a file has its vector, and those it cannot take are listed", async () => {
  const bert = bertConfig({ vocab: 9, dim: 8, depth: 2, heads: 2, positions: 8, initial: 0.5, masked: false }),
    lines = `${folder}/films.txt`;
  const values = Object.fromEntries(Object.entries(bertParams(bert)).map(([name, spec]) => [name, initialValues(name, spec, 4)]));
  await saveHfBert(`${folder}/bert`, bert, values, { tokenizer: wordPieceOf([...specialTokens, "a", "good", "bad", "film"]).files() });
  writeFileSync(lines, "a good film\n\na bad film\nfilm film film film film film film\na good film\n");
  const out = `${folder}/texts.jsonl`, { code, said } = await embed(lines, "--out", out, "--model", `${folder}/bert`, "--batch", "4");
  expect(code, said).toBe(0);
  expect(said).toMatch(/texts\.jsonl: 3 of 4 texts, 8 values each[\s\S]*left out:\n.*films\.txt:4: has 9 tokens, the model takes 8/);
  const [one, two, three] = rowsOf(out);
  expect([one.embedding, Math.hypot(...one.embedding)]).toEqual([three.embedding, expect.closeTo(1, 5)]);
  expect(two.embedding).not.toEqual(one.embedding);
  expect((await embed(lines, "--out", out, "--model", `${folder}/bert`, "--truncate")).said).toMatch(/4 of 4 texts/);
  expect((await embed(lines, "--out", out, "--model", `${folder}/bert`, "--pool", "both")).said).toMatch(/no pool both/);
});
