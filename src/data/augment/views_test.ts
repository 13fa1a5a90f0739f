import { expect, test } from "bun:test";
import { testPicture } from "../test_picture.ts";
import type { Enhancement } from "./color_jitter.ts";
import { type Cut, makeViews, type View, viewsByStep, viewsSimd } from "./views.ts";

const step = (quality: Enhancement["quality"], factor: number): Enhancement => ({ quality, factor });
const views: View[] = [{ size: 24, filter: "bicubic" }, { size: 7, filter: "lanczos" }];
const arrays = () => views.map(({ size }) => new Uint8Array(size * size * 3));

/** Every order of the three steps, every one alone, none. */
const jitters = (factor: number): Enhancement[][] => {
  const [b, c, s] = [step("brightness", factor), step("contrast", 2 - factor), step("saturation", 1.5 * factor)];
  return [[], [b], [c], [s], [b, c, s], [b, s, c], [c, b, s], [c, s, b], [s, b, c], [s, c, b]];
};

test("viewsSimd() gives the same bytes as step by step: every order, sizes that fill no group, factors that clip, mirrored or not", () => {
  for (const [width, height] of [[1, 1], [5, 1], [7, 3], [53, 37], [101, 66]]) {
    const picture = testPicture(width, height), before = picture.pixels.slice();
    const crops = [{ left: 0, top: 0, width, height }, {
      left: width >> 1,
      top: height >> 2,
      width: 1 + width >> 1,
      height: 1 + height >> 1,
    }];
    for (const crop of crops) {
      for (const jitter of [0, 0.6, 0.97, 1, 1.4, 1.9].flatMap(jitters)) {
        for (const flip of [false, true]) {
          const plan: Cut = { jitter, flip, crop }, got = arrays(), want = arrays();
          viewsByStep(picture, plan, views, want);
          expect(viewsSimd(picture, plan, views, got)).toBe(true);
          expect(got, `${width}x${height}, ${JSON.stringify(plan)}`).toEqual(want);
        }
      }
    }
    expect(picture.pixels).toEqual(before);
  }
});

test("viewsSimd() does not see what an earlier picture left in the memory", () => {
  const plan: Cut = { jitter: jitters(0.5)[8], flip: true, crop: { left: 0, top: 0, width: 2, height: 3 } }, small = testPicture(2, 3);
  const first = arrays(), again = arrays();
  viewsSimd(small, plan, views, first);
  viewsSimd({ width: 50, height: 50, pixels: new Uint8Array(7500).fill(255) }, plan, views, arrays());
  viewsSimd(small, plan, views, again);
  expect(again).toEqual(first);
});

test("viewsSimd() leaves a quality that is changed twice to the steps, and makeViews() does them", () => {
  const picture = testPicture(20, 10), crop = { left: 3, top: 2, width: 12, height: 8 };
  const plan: Cut = { jitter: [step("contrast", 1.3), step("contrast", 0.7)], flip: false, crop }, got = arrays(), want = arrays();
  expect(viewsSimd(picture, plan, views, got)).toBe(false);
  makeViews(picture, plan, views, got);
  viewsByStep(picture, plan, views, want);
  expect(got).toEqual(want);
});

test("viewsSimd() is equal to the steps where the crop has the size of a view", () => {
  const picture = testPicture(40, 30),
    plan: Cut = { jitter: jitters(1.2)[4], flip: true, crop: { left: 9, top: 5, width: 24, height: 24 } };
  const got = arrays(), want = arrays();
  viewsSimd(picture, plan, views, got);
  viewsByStep(picture, plan, views, want);
  expect(got).toEqual(want);
});
