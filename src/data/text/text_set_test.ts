import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTextLoader, type TextBatch } from "./text_batch.ts";
import { openTextSet, type TextSetOptions } from "./text_set.ts";
import { specialTokens, wordPieceOf } from "./word_piece.ts";

const folder = mkdtempSync(join(tmpdir(), "text-set-"));
afterAll(() => rmSync(folder, { recursive: true }));
const letters = [..."abcdefghijklmnopqrstuvwxyz"], wordPiece = wordPieceOf([...specialTokens, ...letters]);
const path = join(folder, "a.txt");
writeFileSync(path, "a b c\nd e f g h i j\nk\n");
const open = (options: TextSetOptions) => openTextSet({ kind: "lines", path }, wordPiece, options);
const shown = (ids: Uint32Array) => Array.from(ids, (id) => wordPiece.tokens[id]).join("");

test("texts stand between [CLS] and [SEP]; long ones are cut, parted in equal windows, or refused by name", () => {
  expect(() => open({ length: 6 })).toThrow(`${path}:2: has 9 tokens, the longest may have 6`);
  const all = (set: ReturnType<typeof open>) => Array.from({ length: set.length }, (_, i) => shown(set.read(i).ids));
  expect(all(open({ length: 6, long: "truncate" }))).toEqual(["[CLS]abc[SEP]", "[CLS]defg[SEP]", "[CLS]k[SEP]"]);
  expect(all(open({ length: 6, long: "windows" }))).toEqual(["[CLS]abc[SEP]", "[CLS]defg[SEP]", "[CLS]hij[SEP]", "[CLS]k[SEP]"]);
  expect(() => open({ length: 2 })).toThrow("the length is 2 tokens");
});

test("a text of characters that the tokenizer drops is an error, or left out", () => {
  const odd = join(folder, "odd.txt");
  writeFileSync(odd, "a\n\u200b\n");
  expect(() => openTextSet({ kind: "lines", path: odd }, wordPiece, { length: 6 })).toThrow(`${odd}:2: has no token`);
  expect(openTextSet({ kind: "lines", path: odd, empty: "skip" }, wordPiece, { length: 6 }).length).toBe(1);
});

const take = async (from: { epoch: number; position: number }, count: number) => {
  const set = open({ length: 6, long: "windows" }), batches: (TextBatch & { next: { epoch: number; position: number } })[] = [];
  const options = { batchSize: 3, shuffle: true, last: "pad" as const, epochs: Infinity, state: { seed: 5, ...from } };
  for await (const batch of openTextLoader(set, { mask: { kind: "spans", share: 0.4 } }, options)) {
    batches.push(batch);
    if (batches.length === count) return batches;
  }
  return batches;
};

test("a loader of texts goes on after a resume as it would have without one", async () => {
  const whole = await take({ epoch: 0, position: 0 }, 5);
  const { epoch, position } = whole[2].next;
  expect(await take({ epoch, position }, 2)).toEqual(whole.slice(3));
});

test("padding has key 0 and empty places have weight 0; masked rows point at what they mask", async () => {
  for (const { tokens, keys, weights, masked } of await take({ epoch: 0, position: 0 }, 6)) {
    expect(tokens.length).toBe(18);
    for (const [i, key] of keys.entries()) expect(tokens[i] === wordPiece.pad).toBe(key === 0);
    for (let place = 0; place < 3; place++) expect(weights[place]).toBe(keys[place * 6]);
    const { rows, targets, weights: rowWeights, left, right, bounded } = masked!;
    for (const [i, row] of rows.entries()) {
      if (!rowWeights[i]) expect([row, targets[i], bounded[i]]).toEqual([0, 0, 0]);
      else {
        expect(keys[row]).toBe(1);
        expect(targets[i]).toBeGreaterThan(4);
        if (bounded[i]) {
          expect([left[i] < row, row < right[i], Math.floor(left[i] / 6), Math.floor(right[i] / 6)]).toEqual([
            true,
            true,
            Math.floor(row / 6),
            Math.floor(row / 6),
          ]);
        }
      }
    }
  }
});

test("a subset keeps the labels of what it takes", () => {
  const set = open({ length: 9 }), two = set.subset([2, 0]);
  expect([two.length, shown(two.read(0).ids), [...two.labels]]).toEqual([2, "[CLS]k[SEP]", [-1, -1]]);
});
