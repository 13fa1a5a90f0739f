import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trainWordPiece } from "./train_word_piece.ts";
import { openWordPiece, specialTokens, WordPiece, wordPieceOf } from "./word_piece.ts";

const folder = mkdtempSync(join(tmpdir(), "word-piece-"));
afterAll(() => rmSync(folder, { recursive: true }));

// The example of BERT's own tests (tokenization_test.py).
const published = ["[UNK]", "[CLS]", "[SEP]", "want", "##want", "##ed", "wa", "un", "runn", "##ing", ",", "[PAD]", "[MASK]"];

test("pieces are the longest that fit, from the left; a word that cannot be made is unknown", () => {
  const tokens = (text: string) => wordPieceOf(published).encode(text).map((id) => published[id]);
  expect(tokens("UNwant\u00E9d,running")).toEqual(["un", "##want", "##ed", ",", "runn", "##ing"]);
  expect(tokens("unwantedX running")).toEqual(["[UNK]", "runn", "##ing"]);
  expect(tokens("")).toEqual([]);
});

test("a vocab.txt, its folder and the tokenizer.json of it give the same tokenizer", () => {
  const made = wordPieceOf([...specialTokens, "Ab", "ab", "##c"], { lowercase: false });
  for (const [name, content] of Object.entries(made.files())) writeFileSync(join(folder, name), content);
  for (const path of [folder, `${folder}/vocab.txt`, `${folder}/tokenizer.json`]) {
    const opened = openWordPiece(path);
    expect([opened.size, opened.cls, opened.mask, [...opened.wordStarts]]).toEqual([8, 2, 4, [1, 1, 1, 1, 1, 1, 1, 0]]);
    expect(opened.encode("Abc ab")).toEqual([5, 7, 6]);
    expect(opened.decode([2, 5, 7, 6, 3])).toBe("Abc ab");
  }
});

test("what is no vocabulary of BERT's is refused by name", () => {
  expect(() => wordPieceOf(["a", "b", "a"])).toThrow('vocab.txt: line 3 has "a" as line 1 has');
  expect(() => wordPieceOf(["a"], {}, "v.txt")).toThrow("v.txt: its 1 tokens have no [PAD]");
  expect(() => new WordPiece({ model: { type: "BPE", vocab: {} } }, "t.json")).toThrow('t.json: the model is of type "BPE"');
  writeFileSync(`${folder}/torn.json`, "{");
  expect(() => openWordPiece(`${folder}/torn.json`)).toThrow("tokenizer.json: is not JSON");
  expect(() => openWordPiece(`${folder}/nothing`)).toThrow("nothing: does not exist");
});

test("trainWordPiece() joins the commonest neighbours first, and does not depend on the order of the texts", () => {
  const texts = [
    "hug hug hug hug hug hug hug hug hug hug",
    "pug pug pug pug pug",
    "pun pun pun pun pun pun",
    "bun bun bun bun",
    "hugs hugs hugs hugs hugs",
  ];
  const trained = trainWordPiece(texts, { size: 23 });
  // ##u ##g stands 20 times, ##u ##n 10, h ##ug 15 (then), p ##un 6, hug ##s and p ##ug 5.
  expect(trained.tokens.slice(5 + 14)).toEqual(["##ug", "hug", "##un", "pun"]);
  expect(trainWordPiece(texts.toReversed(), { size: 23 }).tokens).toEqual(trained.tokens);
  expect(trained.encode("Hugs puns").map((id) => trained.tokens[id])).toEqual(["hug", "##s", "pun", "##s"]);
});

test("trainWordPiece() ends where no pair stands often enough, and says what cannot be", () => {
  expect(trainWordPiece(["ab ab", "cd"], { size: 1000 }).tokens.slice(5 + 8)).toEqual(["ab"]);
  expect(() => trainWordPiece(["ab"], { size: 6 })).toThrow(
    "the size 6 has no room for 5 special tokens and 2 characters twice; give at least 9",
  );
  expect(() => trainWordPiece([" "], { size: 100 })).toThrow("the texts have no word");
});

test("characters beyond the alphabet are unknown", () => {
  const { tokens, encode, unknown } = (() => {
    const made = trainWordPiece(["aa aa bb c"], { size: 20, alphabet: 2 });
    return { tokens: made.tokens, encode: (text: string) => made.encode(text), unknown: made.unknown };
  })();
  expect(tokens).not.toContain("c");
  expect(encode("c")).toEqual([unknown]);
});
