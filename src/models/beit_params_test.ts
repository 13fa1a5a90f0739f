import { expect, test } from "bun:test";
import { initialValues } from "../nn/parameters.ts";
import { parameterGroups } from "../optim/parameter_groups.ts";
import { beitConfig, presets } from "./beit_config.ts";
import { beitParams } from "./beit_params.ts";

const std = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
const largest = (values: Float32Array) => values.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
const tiny = { ...presets.tiny, depth: 4, imageSize: 64 };

test("pre-training cuts all weights off at one deviation, and makes what leaves block l smaller by sqrt(2 l)", () => {
  const table = beitParams(beitConfig({ ...tiny, vocab: 500, aggregation: { earlyBlock: 3, blocks: 2 } }));
  const of = (name: string) => initialValues(name, table[name], 1);
  for (const name of ["patch_embed.proj.weight", "blocks.1.attn.qkv.weight", "blocks.1.mlp.fc1.weight", "lm_head.weight"]) {
    expect(std(of(name)) / 0.01079, name).toBeCloseTo(1, 1.5); // 0.5396 of 0.02
    expect(largest(of(name)), name).toBeLessThanOrEqual(0.02 + 1e-9);
  }
  for (const [prefix, l] of [["blocks.0", 1], ["blocks.3", 4], ["cls_pt_layers.1", 5]] as const) {
    for (const layer of ["attn.proj", "mlp.fc2"]) {
      const values = of(`${prefix}.${layer}.weight`);
      expect(std(values) * Math.sqrt(2 * l) / 0.01079, prefix + layer).toBeCloseTo(1, 1.5);
      expect(largest(values), prefix + layer).toBeLessThanOrEqual(0.02 / Math.sqrt(2 * l) + 1e-9);
    }
  }
  for (const name of ["rel_pos_bias.relative_position_bias_table", "blocks.0.attn.q_bias", "patch_embed.proj.bias", "lm_head.bias"]) {
    expect(largest(of(name)), name).toBe(0);
  }
});

test("fine-tuning cuts off at 2, leaves torch's default to the patch embedding, and starts with a head near 0", () => {
  const table = beitParams(beitConfig({ ...tiny, vocab: undefined, classes: 100, relativePositions: "per-block" }));
  const of = (name: string) => initialValues(name, table[name], 1);
  expect(std(of("blocks.2.attn.qkv.weight")) / 0.02).toBeCloseTo(1, 1.5);
  expect(largest(of("blocks.2.attn.qkv.weight"))).toBeGreaterThan(0.06);
  for (const name of ["patch_embed.proj.weight", "patch_embed.proj.bias"]) {
    expect(largest(of(name)), name).toBeLessThanOrEqual(1 / Math.sqrt(768));
    expect(std(of(name)) * Math.sqrt(3 * 768), name).toBeCloseTo(1, 0.7);
  }
  expect(std(of("head.weight")) / 2e-5).toBeCloseTo(1, 1.5);
  const loud = beitParams(beitConfig({ ...tiny, vocab: undefined, classes: 100 }), { headScale: 1 });
  expect(std(initialValues("head.weight", loud["head.weight"], 1)) / 0.02).toBeCloseTo(1, 1.5);
});

test("what decays is what the official recipe says of the same names", () => {
  for (
    const options of [{ ...tiny, absolutePositions: true }, {
      ...tiny,
      vocab: undefined,
      classes: 3,
      relativePositions: "per-block" as const,
    }]
  ) {
    const table = beitParams(beitConfig(options)),
      shapes = Object.fromEntries(Object.entries(table).map(([name, { shape }]) => [name, shape]));
    const groups = parameterGroups(shapes, { depth: 4 });
    for (const [name, { shape, decay }] of Object.entries(table)) expect(decay ?? shape.length > 1, name).toBe(groups[name].decay);
  }
});
