import { expect, test } from "bun:test";
import { beitConfig, type BeitOptions, presets } from "./beit_config.ts";
import { beitParams } from "./beit_params.ts";
import { countValues, type Model, models } from "./mod.ts";

for (const [name, entry] of Object.entries(models)) {
  const { config, params, presets } = entry as unknown as Model<unknown, unknown>;
  for (const [preset, options] of Object.entries(presets)) {
    test(`every parameter of ${name} ${preset} has a shape of whole positive sides`, () => {
      const table = params(config(options));
      expect(countValues(table)).toBeGreaterThan(0);
      for (const [parameter, { shape }] of Object.entries(table)) {
        expect(shape.every((side) => Number.isInteger(side) && side > 0), parameter).toBe(true);
      }
    });
  }
}

const tuned = { vocab: undefined, classes: 1000, relativePositions: "per-block" } as const;
const published: [string, BeitOptions, number][] = [
  ["base for masked image modeling", presets.base, 91_965_776],
  ["base with 1000 classes", { ...presets.base, ...tuned }, 86_530_984],
  ["large with 1000 classes", { ...presets.large, ...tuned }, 304_430_568],
];
for (const [name, options, count] of published) {
  test(`BEiT ${name} has as many values as the published one, ${count}`, () => {
    expect(countValues(beitParams(beitConfig(options)))).toBe(count);
  });
}
