import { expect, test } from "bun:test";
import { SlidingScores, windowStarts } from "./sliding_scores.ts";

test("windows begin a stride apart, the last one ends with the picture", () => {
  expect(windowStarts(512, 512, 341)).toEqual([0]);
  expect(windowStarts(683, 512, 341)).toEqual([0, 171]);
  expect(windowStarts(1366, 512, 341)).toEqual([0, 341, 682, 854]);
  expect(windowStarts(853, 512, 341)).toEqual([0, 341]); // ends exactly
});

test("where windows overlap the mean of their scores decides", () => {
  const scores = new SlidingScores(2, 1, 3);
  scores.add(Float32Array.of(1, 1, 0, 0), 0, 0, [1, 2]); // class 0 by 1
  scores.add(Float32Array.of(0, 0, 3, 0.5), 0, 1, [1, 2]); // class 1 by 3, by 0.5
  expect([...scores.labels(3, 1)]).toEqual([0, 1, 1]); // in the middle 0.5 against 1.5
});

test("a picture of another size gets the scores between the pixels", () => {
  const scores = new SlidingScores(2, 1, 2);
  scores.add(Float32Array.of(1, 0, 0, 0.9), 0, 0, [1, 2]); // class 0 falls from 1 to 0, class 1 rises from 0 to 0.9
  expect([...scores.labels(4, 2)]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  expect([...scores.labels(8, 1)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
});
