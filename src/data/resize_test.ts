import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { openSafetensors } from "../checkpoint/safetensors.ts";
import { DataError } from "../errors.ts";
import type { Box, Picture } from "./picture.ts";
import { crop, type Filter, resize } from "./resize.ts";
import { resizePlain } from "./resize/plain.ts";
import { testPicture } from "./test_picture.ts";

const fixture = new URL("../../../shared/fixtures/pil_a.safetensors", import.meta.url);
const filters: Filter[] = ["box", "bilinear", "bicubic", "lanczos"];

const whole = ({ width, height }: Picture): Box => ({ left: 0, top: 0, width, height });

test("resize() is equal to Pillow to the bit: whole and cropped, up and down, every filter", async () => {
  if (!existsSync(fixture)) return console.log("skipped: no ../shared/fixtures");
  const file = await openSafetensors(fixture);
  const picture: Picture = { height: 37, width: 53, pixels: await file.readRaw("image") };
  const boxes: Record<string, Box> = {
    resize: whole(picture),
    crop0: { top: 3, left: 5, height: 21, width: 30 },
    crop1: { top: 0, left: 0, height: 37, width: 20 },
  };
  let compared = 0;
  for (const name of file.tensors.keys()) {
    const [kind, filter, size] = name.split(".");
    if (!(kind in boxes)) continue;
    const [height, width] = size.split("x").map(Number);
    const want = await file.readRaw(name);
    expect(resize(picture, width, height, filter as Filter, boxes[kind]).pixels, name).toEqual(want);
    expect(resizePlain(picture, boxes[kind], width, height, filter as Filter).pixels, `${name}, plain`).toEqual(want);
    compared++;
  }
  await file.close();
  expect(compared).toBe(20);
});

test("resize() gives the same bytes as the plain version: odd sizes, several strips, more taps than the WASM takes", () => {
  const odd = [[1, 1, 3, 2], [2, 900, 7, 7], [31, 17, 64, 1], [400, 3, 5, 9], [97, 113, 96, 113], [150, 300, 33, 34]];
  for (const [w, h, width, height] of [...odd, [1300, 700, 40, 30], [5000, 2, 1, 2]]) {
    const picture = testPicture(w, h);
    for (const filter of filters) {
      const got = resize(picture, width, height, filter);
      expect(got, `${w}x${h} to ${width}x${height}, ${filter}`).toEqual(resizePlain(picture, whole(picture), width, height, filter));
    }
  }
});

test("resize() equals crop, then resize", () => {
  const picture = testPicture(40, 30), box = { left: 3, top: 5, width: 20, height: 24 };
  for (const filter of filters) expect(resize(picture, 11, 13, filter, box)).toEqual(resize(crop(picture, box), 11, 13, filter));
});

test("resize() to the size it has is a copy", () => {
  const picture = testPicture(5, 4), same = resize(picture, 5, 4, "lanczos");
  expect(same).toEqual(picture);
  expect(same.pixels.buffer).not.toBe(picture.pixels.buffer);
});

test("resize() refuses a box outside the picture and sizes that are none", () => {
  const picture = testPicture(5, 4);
  expect(() => resize(picture, 3, 3, "box", { left: 1, top: 0, width: 5, height: 4 })).toThrow(DataError);
  expect(() => resize(picture, 0, 3, "box")).toThrow(/of a 5x4 picture to 0x3/);
  expect(() => resize(picture, 2.5, 3, "box")).toThrow(DataError);
});
