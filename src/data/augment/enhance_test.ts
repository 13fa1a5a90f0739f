import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { openSafetensors } from "../../checkpoint/safetensors.ts";
import type { Picture } from "../picture.ts";
import { testPicture } from "../test_picture.ts";
import { enhance, type Quality } from "./enhance.ts";
import { flip } from "./flip.ts";

const fixture = new URL("../../../../shared/fixtures/pil_a.safetensors", import.meta.url);

test("enhance() and flip() are equal to Pillow to the bit", async () => {
  if (!existsSync(fixture)) return console.log("skipped: no ../shared/fixtures");
  const file = await openSafetensors(fixture);
  const picture: Picture = { height: 37, width: 53, pixels: await file.readRaw("image") };
  let compared = 0;
  for (const name of file.tensors.keys()) {
    const [, quality, factor] = /^(brightness|contrast|saturation)\.(.*)$/.exec(name) ?? [];
    if (!quality) continue;
    expect(enhance(picture, quality as Quality, Number(factor)).pixels, name).toEqual(await file.readRaw(name));
    compared++;
  }
  expect(compared).toBe(9);
  expect(flip(picture).pixels).toEqual(await file.readRaw("flip"));

  const luma = await file.readRaw("grayscale_L"), grey = enhance(picture, "saturation", 0).pixels;
  expect(grey).toEqual(Uint8Array.from(grey, (_, i) => luma[Math.floor(i / 3)]));
  await file.close();
});

test("enhance() changes nothing at factor 1, and never its argument", () => {
  const picture = testPicture(9, 7), before = picture.pixels.slice();
  for (const quality of ["brightness", "contrast", "saturation", "sharpness"] as const) {
    expect(enhance(picture, quality, 1)).toEqual(picture);
    enhance(picture, quality, 1.7);
    expect(picture.pixels).toEqual(before);
  }
});

test("enhance() at factor 0 leaves black, the mean grey, greys and a smoothed picture", () => {
  const picture = testPicture(9, 7);
  expect(enhance(picture, "brightness", 0).pixels.every((value) => value === 0)).toBe(true);
  expect(new Set(enhance(picture, "contrast", 0).pixels).size).toBe(1);
  const dot = { width: 3, height: 3, pixels: Uint8Array.from({ length: 27 }, (_, i) => Math.floor(i / 3) === 4 ? 130 : 0) };
  expect([...enhance(dot, "sharpness", 0).pixels.subarray(9, 18)]).toEqual([0, 0, 0, 50, 50, 50, 0, 0, 0]);
});
