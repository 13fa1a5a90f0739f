import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pixelClassesKey, segmentationKey } from "../checkpoint/beit/mod.ts";
import { writeSafetensors } from "../checkpoint/mod.ts";
import { encodePng } from "../data/encode.ts";
import type { Picture } from "../data/picture.ts";
import { crop } from "../data/resize.ts";
import { type Device, openDevice } from "../devices/mod.ts";
import { beitParams } from "../models/beit.ts";
import { beitConfig } from "../models/beit_config.ts";
import { segmentationHead, segmentationParams } from "../models/segmentation_head.ts";
import { initialValues } from "../nn/parameters.ts";
import { loadSegmenter } from "./load_segmenter.ts";

const encoder = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 2, heads: 2, relativePositions: "per-block" });
const head = segmentationHead({ kind: "linear", dim: 16, classes: 5, block: 2 });
const classes = ["sky", "wall", "road", "tree", "door"];
const noise = (width: number, height: number): Picture => ({
  width,
  height,
  pixels: new Uint8Array(width * height * 3).map((_, i) => Math.imul(i + 1, 2654435761) >>> 24),
});

let device: Device, folder: string, file: string;
beforeAll(async () => {
  device = await openDevice({ device: "cpu", threads: 1 });
  folder = mkdtempSync(join(tmpdir(), "zellige-segmenter-"));
  file = join(folder, "model.safetensors");
  const table = { ...beitParams(encoder), ...segmentationParams(head) };
  const values = Object.entries(table).map(([name, spec]) => {
    const data = initialValues(name, { ...spec, init: (draws) => 0.3 * draws.normal() }, 2);
    return [name, { shape: spec.shape, data }] as const;
  });
  const about = { beit: JSON.stringify(encoder), [segmentationKey]: JSON.stringify(head), [pixelClassesKey]: JSON.stringify(classes) };
  await writeSafetensors(file, Object.fromEntries(values), about);
});
afterAll(async () => {
  await device.destroy();
  rmSync(folder, { recursive: true });
});

test("a picture that is longer than the model's is seen in windows, whose pixels keep their places", async () => {
  await using model = await loadSegmenter(file, { device });
  expect([model.classes, model.window]).toEqual([classes, [32, 32]]);
  for (const [width, height] of [[64, 32], [32, 64]]) {
    const picture = noise(width, height), whole = await model.segment(picture, { stride: 32 });
    expect([whole.width, whole.height, new Set(whole.labels).size > 1]).toEqual([width, height, true]);
    for (const at of [0, 32]) {
      const box = { left: width > 32 ? at : 0, top: height > 32 ? at : 0, width: 32, height: 32 };
      const { labels } = await model.segment(crop(picture, box));
      labels.forEach((label, i) => expect(whole.labels[(box.top + (i >> 5)) * width + box.left + (i & 31)]).toBe(label));
    }
  }
});

test("pictures of any size and form come back in their own size", async () => {
  await using model = await loadSegmenter(file, { device });
  for (const [width, height] of [[20, 20], [50, 77], [90, 40]]) {
    const picture = noise(width, height), { labels, ...size } = await model.segment(picture);
    expect([size, labels.length]).toEqual([{ width, height }, width * height]);
    expect((await model.segment(await encodePng(picture))).labels).toEqual(labels);
  }
  await expect(model.segment(noise(64, 32), { stride: 33 })).rejects.toThrow("stride is 33, windows have 32 x 32 pixels");
  await expect(model.segment(new Uint8Array(9))).rejects.toThrow(/picture/);
  await expect(loadSegmenter(join(folder, "nothing"), { device })).rejects.toThrow(/nothing/);
});
