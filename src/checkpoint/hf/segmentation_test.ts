import { expect, test } from "bun:test";
import { beitConfig } from "../../models/beit_config.ts";
import { hfConfig, readHfConfig, segmentationOf, upernetOf } from "./mod.ts";

test("a UPerNet head comes back from config.json, its taps counted as transformers counts them", () => {
  const config = beitConfig({ dim: 192, depth: 12, heads: 3, classes: 150, relativePositions: "per-block" });
  const written = hfConfig({ config, segmentation: { outIndices: [3, 5, 7, 11], poolScales: [1, 2], auxiliary: null, ignoreIndex: 255 } });
  const { segmentation } = readHfConfig(written), head = upernetOf({ config, segmentation: segmentation! });
  expect(head).toMatchObject({ dim: 192, classes: 150, taps: [2, 4, 6, 10], poolScales: [1, 2], auxiliary: null });
  expect(segmentationOf(head)).toEqual(segmentation!);
});
