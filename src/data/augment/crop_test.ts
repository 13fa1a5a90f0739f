import { expect, test } from "bun:test";
import { draws } from "../random.ts";
import { centreBox, type CropSettings, drawCrop, type Size } from "./crop.ts";

const settings: CropSettings = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };
const box = (size: Size, index: number) => drawCrop(draws({ seed: 3, epoch: 0, index }, "crop"), size, settings);

test("drawCrop() stays inside the picture and inside the ranges of area and shape", () => {
  const areas: number[] = [];
  for (let index = 0; index < 3000; index++) {
    const { left, top, width, height } = box({ width: 500, height: 375 }, index);
    expect(left >= 0 && top >= 0 && left + width <= 500 && top + height <= 375).toBe(true);
    expect(width / height).toBeGreaterThan(3 / 4 - 0.02);
    expect(width / height).toBeLessThan(4 / 3 + 0.02);
    areas.push(width * height / (500 * 375));
  }
  expect(Math.min(...areas)).toBeGreaterThan(0.078);
  expect(Math.min(...areas)).toBeLessThan(0.1);
  expect(Math.max(...areas)).toBeGreaterThan(0.95);
});

test("drawCrop() falls back to the largest centred box where no box fits", () => {
  expect(box({ width: 2, height: 900 }, 0)).toEqual({ left: 0, top: 448, width: 2, height: 3 });
  expect(box({ width: 900, height: 3 }, 1)).toEqual({ left: 448, top: 0, width: 4, height: 3 });
  for (let index = 0; index < 50; index++) expect(box({ width: 1, height: 1 }, index)).toEqual({ left: 0, top: 0, width: 1, height: 1 });
});

test("centreBox() rounds halves to even, as Python does", () => {
  expect(centreBox({ width: 257, height: 259 }, { width: 224, height: 224 })).toEqual({ left: 16, top: 18, width: 224, height: 224 });
});
