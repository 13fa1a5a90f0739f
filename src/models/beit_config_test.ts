import { expect, test } from "bun:test";
import { RecipeError } from "../errors.ts";
import { beitConfig, hiddenSize, presets, windowOf } from "./beit_config.ts";

test("every preset is whole, and says the published sizes", () => {
  for (const preset of Object.values(presets)) {
    const config = beitConfig(preset);
    expect([config.dim / config.heads, ...windowOf(config)]).toEqual([64, 14, 14]);
    expect(config).toMatchObject({ vocab: 8192, relativePositions: "shared", absolutePositions: false, pooling: "mean", normEps: 1e-6 });
  }
  expect(beitConfig(presets.base)).toMatchObject({ dim: 768, depth: 12, layerScale: 0.1 });
  expect(beitConfig(presets.large)).toMatchObject({ dim: 1024, depth: 24, layerScale: 1e-5 });
});

test("windowOf() takes pictures that are no square", () => {
  expect(windowOf(beitConfig({ ...presets.tiny, imageSize: [96, 160], patchSize: 32 }))).toEqual([3, 5]);
});

test("hiddenSize() is whole for a ratio that is no short number", () => {
  expect(hiddenSize(beitConfig({ ...presets.tiny, dim: 192, mlpRatio: 500 / 192 }))).toBe(500);
});

const wrong: [string, object, RegExp][] = [
  ["a patch that does not divide the image", { ...presets.base, imageSize: [224, 230] }, /patchSize 16 does not divide imageSize 230/],
  ["heads that do not divide dim", { ...presets.base, heads: 7 }, /heads 7 does not divide dim 768/],
  ["an unknown key", { ...presets.base, depht: 3 }, /unknown key depht/],
  ["a missing size", { depth: 1, heads: 1 }, /dim/],
  ["half a channel", { ...presets.base, mlpRatio: 0.001 }, /mlpRatio 0.001 of dim 768/],
  ["a vocabulary of pixels", { ...presets.base, targets: "pixels" }, /vocab 8192 has no use/],
  ["an early block beyond the last", { ...presets.base, aggregation: { earlyBlock: 13 } }, /earlyBlock 13 lies beyond depth 12/],
  ["an aggregation that predicts nothing", { ...presets.base, vocab: undefined, aggregation: { earlyBlock: 9 } }, /needs vocab/],
  ["a layer scale of 0", { ...presets.base, layerScale: 0 }, /layerScale/],
];
for (const [what, options, reason] of wrong) {
  test(`beitConfig() refuses ${what} by name`, () => {
    expect(() => beitConfig(options, "recipe.json")).toThrow(RecipeError);
    expect(() => beitConfig(options, "recipe.json")).toThrow(reason);
    expect(() => beitConfig(options, "recipe.json")).toThrow(/^recipe.json: /);
  });
}
