import { describe, expect, test } from "bun:test";
import { DataError } from "../../errors.ts";
import { encodePng } from "../encode.ts";
import type { LabelMap } from "../label_map.ts";
import { openDataSet } from "./mod.ts";
import { labelPng, withFolder } from "./testing.ts";

/** Stored numbers 0 to `classes - 1`, and 255 in one corner. */
const map = (width: number, height: number, classes = 4): LabelMap => ({
  width,
  height,
  labels: Uint8Array.from({ length: width * height }, (_, i) => i === 0 ? 255 : (3 * i + (i >> 4)) % classes),
});
/** A picture whose red value is its map's number. */
const picture = ({ width, height, labels }: LabelMap) =>
  encodePng({ width, height, pixels: Uint8Array.from({ length: 3 * labels.length }, (_, i) => i % 3 ? 9 : labels[i / 3]) });

const failure = async (run: () => Promise<unknown>): Promise<string> => {
  const error = await run().then(() => new Error("it did not fail"), (error) => error);
  expect(error).toBeInstanceOf(DataError);
  return error.message;
};

describe("segmentation", () => {
  test("reads grey and palette numbers of every depth and row filter", async () => {
    for (
      const options of [
        ...[{}, { depth: 16 }, { colour: 3 }].map((one) => ({ ...one, filters: [0, 1, 2, 3, 4] })),
        ...[{ depth: 4 }, { depth: 2, colour: 3 }, { depth: 4, filters: [4, 2] }],
      ]
    ) {
      const whole = map(21, 9), small = "depth" in options && options.depth! < 8;
      if (small) whole.labels[0] = 1;
      await withFolder({ "images/a.png": await picture(whole), "annotations/a.png": labelPng(whole, options) }, async (path) => {
        const set = await openDataSet({ kind: "segmentation", path, classes: 4 }), sample = await set.read(0);
        expect([sample.name, sample.labelMap!()], JSON.stringify(options)).toEqual([`${path}/images/a.png`, whole]);
      });
    }
  });

  test("pairs pictures and maps by name in a split, and counts from 1 where 0 is no class", async () => {
    const whole = map(6, 4, 3), other = { ...whole, labels: whole.labels.map(() => 2) };
    const files = {
      "images/training/b/x.jpg": "never decoded here",
      "annotations/training/b/x.png": labelPng(whole),
      "images/validation/y.png": await picture(other),
      "annotations/validation/y.png": labelPng(other),
    };
    await withFolder(files, async (path) => {
      const set = await openDataSet({ kind: "segmentation", path, split: "training", classes: ["wall", "sky"], reduceZeroLabel: true });
      expect([set.length, set.classes, set.pixelClasses]).toEqual([1, undefined, ["wall", "sky"]]);
      const expected = whole.labels.map((label) => label === 0 || label === 255 ? 255 : label - 1);
      expect((await set.read(0)).labelMap!().labels).toEqual(expected);
    });
  });

  test("names what is missing or wrong", async () => {
    const whole = map(6, 4), open = (path: string, classes = 4) => openDataSet({ kind: "segmentation", path, classes });
    const files = { "images/a.png": await picture(whole), "images/b.png": await picture(whole), "annotations/a.png": labelPng(whole) };
    await withFolder(files, async (path) => {
      expect(await failure(() => open(path))).toContain(
        `${path}/annotations: has no b.png; every picture of ${path}/images needs a label map`,
      );
      expect(await failure(() => openDataSet({ kind: "segmentation", path, split: "none", classes: 4 }))).toContain(
        "images/none: does not exist",
      );
    });
    const withMap = async (bytes: Uint8Array, classes = 4) => {
      let message = "";
      await withFolder({ "images/a.png": files["images/a.png"], "annotations/a.png": bytes }, async (path) => {
        const set = await open(path, classes), sample = set.read(0);
        message = await failure(async () => (await sample).labelMap!());
        expect(message).toContain(`${path}/annotations/a.png: `);
      });
      return message;
    };
    expect(await withMap(labelPng(whole), 3)).toContain("pixel (1, 0) has label 3, with 3 classes 2 is the largest");
    expect(await withMap(await picture(whole))).toContain("holds colours with alpha of 8 bits; give class numbers as grey or palette");
    expect(await withMap(labelPng(whole, { interlaced: 1 }))).toContain("interlaced");
    expect(await withMap(labelPng(whole, { filters: [5] }))).toContain("row 0 has filter 5");
  });
});
