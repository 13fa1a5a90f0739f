import { expect, test } from "bun:test";
import { maskText, mostPredictions, type TextMaskOptions } from "./mask_text.ts";
import { drawSpans, lengthChances } from "./spans.ts";
import { draws } from "../random.ts";

const size = 1000, mask = 4, vocabulary = { size, mask, wordStarts: Uint8Array.from({ length: size }, (_, id) => Number(id % 3 !== 0)) };
const text = (length: number) => Uint32Array.from({ length }, (_, i) => i === 0 ? 2 : i === length - 1 ? 3 : 100 + i);
const masked = (options: TextMaskOptions, length = 40, index = 0, epoch = 0) =>
  maskText({ seed: 7, epoch, index }, text(length), vocabulary, options);

test("maskText() never masks [CLS] or [SEP], and never more than mostPredictions()", () => {
  for (const kind of ["tokens", "spans"] as const) {
    for (let length = 3; length < 60; length++) {
      const { positions, targets, tokens } = masked({ kind }, length, length);
      expect(positions.length).toBe(mostPredictions(length, { kind }));
      expect(positions[0]).toBeGreaterThan(0);
      expect(positions.at(-1)).toBeLessThan(length - 1);
      expect([...targets]).toEqual([...positions].map((i) => 100 + i));
      expect(Array.from(tokens).every((id, i) => positions.includes(i) || id === text(length)[i])).toBe(true);
    }
  }
});

test("the mask is another one in each epoch, and the same again for the same key", () => {
  expect(masked({}, 40, 3, 1)).toEqual(masked({}, 40, 3, 1));
  expect(masked({}, 40, 3, 1).positions).not.toEqual(masked({}, 40, 3, 2).positions);
});

test("spans are whole words unless the budget ends them, and begin with one", () => {
  for (let index = 0; index < 200; index++) {
    const wordStarts = text(40).subarray(1, -1).map((id) => vocabulary.wordStarts[id]);
    const { drawn } = drawSpans(draws({ seed: 1, epoch: 0, index }, "spans"), wordStarts);
    for (const [i, { start, end }] of drawn.entries()) {
      expect(start === 0 || wordStarts[start] === 1).toBe(true);
      if (i < drawn.length - 1) expect(end === 37 || wordStarts[end + 1] === 1).toBe(true);
    }
  }
});

test("one choice stands at all tokens of a span, and the places of a span count from its left border", () => {
  let bounded = 0;
  for (let index = 0; index < 200; index++) {
    const { positions, left, right, offset, bounded: marks, tokens } = masked({ kind: "spans", boundaryTargets: 2 }, 60, index);
    for (const [i, position] of positions.entries()) {
      if (!marks[i]) {
        expect([left[i], right[i], offset[i]]).toEqual([0, 0, 0]);
        continue;
      }
      bounded++;
      expect(left[i] + 1 + offset[i]).toBe(position);
      expect(offset[i]).toBeLessThan(2);
      expect(positions).not.toContain(left[i]);
      expect(positions).not.toContain(right[i]);
      for (let inside = left[i] + 1; inside < right[i]; inside++) expect(tokens[inside] === mask).toBe(tokens[position] === mask);
    }
  }
  expect(bounded).toBeGreaterThan(500);
});

test("shares of 1, 0, 0 put the mask token everywhere, of 0, 0, 1 nowhere", () => {
  for (let index = 0; index < 50; index++) {
    const all = masked({ shares: { mask: 1, random: 0, keep: 0 } }, 40, index),
      none = masked({ shares: { mask: 0, random: 0, keep: 1 } }, 40, index);
    expect([...all.positions].every((i) => all.tokens[i] === mask)).toBe(true);
    expect([...none.tokens]).toEqual([...text(40)]);
  }
});

test("options that cannot be are refused by name", () => {
  expect(() => masked({ shares: { mask: 0.8, random: 0.1, keep: 0.2 } })).toThrow("mask 0.8, random 0.1 and keep 0.2 sum to 1.1");
  expect(() => masked({ share: 0 })).toThrow("mask: share is 0; give a number between 0 and 1");
  expect(() => masked({}, 2)).toThrow("the text has no token but [CLS] and [SEP]");
  expect(() => lengthChances({ p: 1 })).toThrow("spans: p is 1");
  expect(() => lengthChances({ shortest: 3, longest: 2 })).toThrow("shortest 3 and longest 2 are no range");
});
