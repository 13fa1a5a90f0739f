import { expect, test } from "bun:test";
import { countTokens, tokenBaselines } from "./token_statistics.ts";

test("tokenBaselines() are chance, the commonest token and the cross-entropy against training frequencies", () => {
  const train = countTokens([0, 0, 0, 1, 1, 2], 4),
    held = countTokens([0, 1, 1, 3], 4),
    { chance, unigram, vocab } = tokenBaselines(train, held);
  expect(vocab).toBe(4);
  expect(chance).toEqual({ accuracy: 0.25, loss: Math.log(4) });
  expect(unigram.accuracy).toBe(0.25);
  expect(unigram.loss).toBeCloseTo(-(Math.log(0.4) + 2 * Math.log(0.3) + Math.log(0.1)) / 4, 12);
});

test("evenly used tokens make the unigram baseline equal to chance", () => {
  const even = new Float64Array(8192).fill(5), { chance, unigram } = tokenBaselines(even, even);
  expect(unigram.loss).toBeCloseTo(chance.loss, 10);
  expect(unigram.accuracy).toBe(chance.accuracy);
  expect(chance.loss).toBeCloseTo(9.01, 2);
});

test("countTokens() adds up over calls and refuses a foreign token", () => {
  const counts = countTokens([1], 3);
  expect([...countTokens([1, 2], 3, counts)]).toEqual([0, 2, 1]);
  expect(() => countTokens([3], 3)).toThrow(/token 3 is beyond the vocabulary of 3/);
  expect(() => tokenBaselines(counts, new Float64Array(3))).toThrow(/0 held-out tokens/);
});
