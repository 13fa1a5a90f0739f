import { expect, test } from "bun:test";
import { beitConfig } from "../../models/beit_config.ts";
import { beitParams } from "../../models/beit_params.ts";
import { officialTaps, upernetConfig, upernetParams, upernetStatistics } from "../../models/upernet.ts";
import { initialValues } from "../../nn/parameters.ts";
import { safetensorsBytes } from "../mod.ts";
import { checkpointError, fixture } from "../testing.ts";
import { loadSegmentation } from "./mod.ts";

const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 3, heads: 2, relativePositions: "per-block" });
const head = upernetConfig({ dim: 16, classes: 3, taps: officialTaps(3), auxiliary: { channels: 8, convolutions: 2, concatInput: true } });

/** A file as mmsegmentation saves one: the encoder and its pyramid below "backbone.", and what batch normalisations count. */
function official(leave = (_name: string) => true) {
  const tables = { ...beitParams(config), ...upernetParams(head), ...upernetStatistics(head) };
  const entries = Object.entries(tables).filter(([name]) => leave(name)).map(([name, spec]) => {
    const own = /^(decode|auxiliary)_head\./.test(name) ? name : `backbone.${name}`;
    return [own, { shape: spec.shape, data: initialValues(name, spec, 5) }] as const;
  });
  const counted = { shape: [], data: BigInt64Array.of(7n) };
  return safetensorsBytes({ ...Object.fromEntries(entries), "decode_head.bottleneck.bn.num_batches_tracked": counted });
}

test("loadSegmentation() reads an official file: sizes from shapes, official taps, every value", async () => {
  const loaded = await loadSegmentation(await official());
  expect(loaded.config).toMatchObject({ imageSize: 32, dim: 16, depth: 3, heads: 2, relativePositions: "per-block", classes: undefined });
  expect(loaded.head).toEqual({ kind: "upernet", ...head, channels: 16 });
  for (const [name, spec] of Object.entries({ ...upernetParams(head), ...beitParams(config) })) {
    expect(loaded.table[name].init, name).toEqual(initialValues(name, spec, 5));
  }
  expect(Object.keys(loaded.statistics).sort()).toEqual(Object.keys(upernetStatistics(head)).sort());
});

test("loadSegmentation() reads a Hugging Face folder with transformers' taps", async () => {
  const path = fixture("hf_seg_a");
  if (!path) return;
  const { config, head, labels } = await loadSegmentation(path);
  expect(head).toMatchObject({ taps: [1, 2, 3, 4], classes: 7, auxiliary: { channels: 24 } });
  expect([config.dim, config.classes, labels.length]).toEqual([24, undefined, 7]);
});

test("loadSegmentation() names what is missing", async () => {
  const without = async (pattern: RegExp) =>
    (await checkpointError(async () => loadSegmentation(await official((name) => !pattern.test(name))))).message;
  expect(await without(/^decode_head/)).toContain("has no decode_head.fpn_bottleneck.conv.weight; give a model with a UPerNet head");
  expect(await without(/^fpn2/)).toContain("2 missing (fpn2.0.weight, fpn2.0.bias)");
  expect(await without(/psp_modules\.3/)).toContain("pools to 3 sizes, the official head to 4");
});
