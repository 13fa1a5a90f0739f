import { expect, test } from "bun:test";
import { ShapeError } from "../errors.ts";
import { countPixels, segmentationScores } from "./segmentation.ts";

test("scores count pixels of all pictures together and leave ignored labels and absent classes out", () => {
  const counts = new Float64Array(16);
  countPixels([0, 0, 1, 255], [0, 1, 1, 3], 4, counts);
  countPixels([1, 1, 0, 255], [1, 1, 0, 0], 4, counts);
  const { accuracy, meanIou, iou, commonest } = segmentationScores(counts);
  expect(accuracy).toBeCloseTo(5 / 6, 12);
  // Class 0: 2 right of 3 labelled and 2 predicted; class 1: 3 right of 3 and 4; classes 2 and 3 never occur.
  expect(iou).toEqual([2 / 3, 3 / 4, NaN, NaN]);
  expect(meanIou).toBeCloseTo((2 / 3 + 3 / 4) / 2, 12);
  expect(commonest).toBe(0.5);
});

test("a class that is predicted and never right counts with 0", () => {
  const counts = new Float64Array(4);
  countPixels([0, 0], [0, 1], 2, counts);
  expect(segmentationScores(counts)).toMatchObject({ accuracy: 0.5, meanIou: 0.25, iou: [0.5, 0] });
});

test("other lengths and no pixel are refused", () => {
  expect(() => countPixels([0], [0, 1], 2, new Float64Array(4))).toThrow(/1 labels, 2 predictions/);
  expect(() => segmentationScores(new Float64Array(4))).toThrow(ShapeError);
});
