import { expect, test } from "bun:test";
import { labelledShare, splits } from "./splits.ts";

const labels = Array.from({ length: 103 }, (_, i) => i % 7);
const classCounts = (rows: ArrayLike<number>) =>
  Array.from({ length: 7 }, (_, k) => Array.from(rows).filter((r) => labels[r] === k).length);

test("splits() puts every picture into one part, each class in its share", () => {
  const { train, validation, test } = splits(labels, { seed: 1 });
  expect([...train, ...validation, ...test].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
  expect(new Set(classCounts(test))).toEqual(new Set([3]));
  expect(new Set(classCounts(validation))).toEqual(new Set([3]));
});

test("splits() depends on the seed and on nothing else", () => {
  expect(splits(labels, { seed: 1 })).toEqual(splits(labels, { seed: 1 }));
  expect(splits(labels, { seed: 1 })).not.toEqual(splits(labels, { seed: 2 }));
});

test("splits() leaves pictures without a label out, and a class of one picture to training", () => {
  const { train, validation, test } = splits([-1, 0, 0, 0, 0, 0, 1], { seed: 3 });
  expect([train.length, validation.length, test.length]).toEqual([4, 1, 1]);
  expect([...train]).toContain(6);
  expect([...train, ...validation, ...test]).not.toContain(0);
});

test("splits() refuses a set that leaves a part empty", () => {
  expect(() => splits([0, 1, 2], { seed: 0 })).toThrow(/3 pictures leave none for the validation part/);
});

test("labelledShare() gives each class its share, and larger shares contain smaller ones", () => {
  const { train } = splits(labels, { seed: 1 }), tenth = labelledShare(labels, train, 0.1, 5), half = labelledShare(labels, train, 0.5, 5);
  expect(new Set(classCounts(tenth))).toEqual(new Set([1]));
  expect([...half]).toEqual(expect.arrayContaining([...tenth]));
  expect([...train]).toEqual(expect.arrayContaining([...half]));
  expect(labelledShare(labels, train, 1, 5)).toEqual(train);
});
