import { expect, test } from "bun:test";
import { draws } from "../random.ts";
import { drawErasing, type ErasingSettings } from "./erasing.ts";

const settings: ErasingSettings = { probability: 0.25, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] };
const draw = (index: number, change: Partial<ErasingSettings> = {}, side = 224) =>
  drawErasing(draws({ seed: 2, epoch: 0, index }, "erasing"), { width: side, height: side }, { ...settings, ...change });

test("drawErasing() erases a quarter of the pictures, inside them and inside the ranges", () => {
  const boxes = Array.from({ length: 4000 }, (_, index) => draw(index)).filter((box) => box !== null);
  expect(Math.abs(boxes.length / 4000 - 0.25)).toBeLessThan(0.03);
  for (const { left, top, width, height } of boxes) {
    expect(left >= 0 && top >= 0 && left + width <= 224 && top + height <= 224).toBe(true);
    expect(width * height).toBeGreaterThan(0.019 * 224 * 224);
    expect(width * height).toBeLessThan(0.336 * 224 * 224);
    expect(height / width).toBeGreaterThan(0.28);
    expect(height / width).toBeLessThan(3.5);
  }
});

test("drawErasing() draws nothing where no box is smaller than the picture", () => {
  for (let index = 0; index < 20; index++) expect(draw(index, { probability: 1, area: [1, 1] }, 1)).toBe(null);
});
