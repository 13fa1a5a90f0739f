import { expect, test } from "bun:test";
import { CheckpointError } from "../../errors.ts";
import { fixture, readJson } from "../testing.ts";
import { preprocessorConfig, readPreprocessor } from "./preprocessor.ts";

test("preprocessor_config.json is read and written with the same fields", () => {
  const path = fixture("hf_mim_a/preprocessor_config.json");
  if (!path) return;
  const published = readJson(path), read = readPreprocessor(published, path);
  expect(read).toEqual({ resize: [64, 64], filter: "bilinear", crop: null, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  expect(preprocessorConfig(read)).toMatchObject(published);
  expect(readPreprocessor(preprocessorConfig(read))).toEqual(read);
});

test("readPreprocessor() takes the sizes of new files, and steps that are left out", () => {
  const read = readPreprocessor({
    size: { height: 32, width: 48 },
    do_center_crop: true,
    crop_size: { shortest_edge: 16 },
    do_normalize: false,
    resample: 1,
  });
  expect(read).toEqual({ resize: [32, 48], filter: "lanczos", crop: [16, 16], mean: [0, 0, 0], std: [1, 1, 1] });
  expect(readPreprocessor(JSON.stringify(preprocessorConfig(read)))).toEqual(read);
  expect(readPreprocessor({ do_resize: false }).resize).toBe(null);
  expect(readPreprocessor({})).toEqual({ resize: [256, 256], filter: "bicubic", crop: null, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
});

const wrong: [string, object, RegExp][] = [
  ["a filter that Pillow has not", { resample: 9 }, /preprocessor_config.json: resample is 9/],
  ["another scale of the values", { rescale_factor: 1 / 127.5 }, /only 1\/255 is known/],
  ["values that are not scaled", { do_rescale: false }, /do_rescale false/],
  ["a size without a number", { size: { longest_edge: 3 } }, /size is \{"longest_edge":3\}, not a size in pixels/],
  ["a deviation of 0", { image_std: [1, 0, 1] }, /image_std is \[1,0,1\], not positive/],
  ["a mean of other channels", { image_mean: [0.5] }, /image_std is absent, not of the 1 channels/],
];
for (const [what, json, reason] of wrong) {
  test(`readPreprocessor() refuses ${what}`, () => {
    expect(() => readPreprocessor(json)).toThrow(CheckpointError);
    expect(() => readPreprocessor(json)).toThrow(reason);
  });
}
