import { expect, test } from "bun:test";
import { ShapeError } from "../errors.ts";
import { bitsPerPixel, codebookStatistics, psnr } from "./codebook.ts";

test("codes used evenly have the entropy and perplexity of the vocabulary", () => {
  const even = codebookStatistics(new Float64Array(64).fill(10));
  expect(even).toMatchObject({ vocab: 64, tokens: 640, used: 64, share: 1, unigramEntropy: 6, perplexity: 64, collapsed: false });
  expect(even.words).toBe("64 of 64 codes (100 %) are used, as varied as 64 used evenly.");
  expect(bitsPerPixel(even, 4)).toBe(6 / 16);
});

test("every code stands in one bar of the histogram", () => {
  const { histogram } = codebookStatistics([0, 0, 1, 2, 4, 8, 16, 33]); // 64 tokens: an even share is 8
  expect(histogram.map(({ codes }) => codes)).toEqual([2, 2, 1, 1, 1, 0, 1]);
  expect(histogram.map(({ from, to }) => [from, to]).slice(0, 3)).toEqual([[0, 0], [0, 0.25], [0.25, 0.5]]);
});

test("under a tenth of the codes is called a collapse, in words", () => {
  const counts = new Float64Array(200);
  counts[3] = 900;
  counts[7] = 100;
  const two = codebookStatistics(counts);
  expect(two.collapsed).toBe(true);
  expect(two.words).toBe("The codebook has collapsed: 2 of 200 codes (1 %) are used, as varied as 1 used evenly.");
  expect(codebookStatistics(new Float64Array(20).fill(1, 0, 2)).collapsed).toBe(false);
  expect(codebookStatistics([5]).unigramEntropy).toBe(0);
  expect(() => codebookStatistics(new Float64Array(8))).toThrow(ShapeError);
});

test("psnr() of a tenth of the range is 20 dB", () => expect(psnr(0.01)).toBeCloseTo(20, 10));
