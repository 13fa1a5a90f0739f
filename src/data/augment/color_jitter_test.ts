import { expect, test } from "bun:test";
import { testPicture } from "../test_picture.ts";
import { type Enhancement, jitter, jitterPlain } from "./color_jitter.ts";

const step = (quality: Enhancement["quality"], factor: number): Enhancement => ({ quality, factor });

test("jitter() gives the same bytes as the plain version, for sizes that fill no group and factors that clip", () => {
  for (const [width, height] of [[1, 1], [5, 1], [7, 3], [53, 37], [101, 66]]) {
    const picture = testPicture(width, height), before = picture.pixels.slice();
    for (const factor of [0, 0.1, 0.6, 0.85, 1, 1.1, 1.4, 1.9, 3]) {
      const steps = [step("contrast", factor), step("saturation", factor), step("brightness", factor)];
      for (const some of [...steps.map((one) => [one]), steps, steps.toReversed()]) {
        expect(jitter(picture, some), `${width}x${height}, ${JSON.stringify(some)}`).toEqual(jitterPlain(picture, some));
      }
    }
    expect(picture.pixels).toEqual(before);
  }
});

test("jitter() does not see what an earlier picture left in the memory", () => {
  const small = testPicture(2, 3), steps = [step("contrast", 0.5), step("saturation", 1.5)];
  const first = jitter(small, steps);
  jitter({ width: 50, height: 50, pixels: new Uint8Array(7500).fill(255) }, steps);
  expect(jitter(small, steps)).toEqual(first);
});
