import { expect, test } from "bun:test";
import { bertParams } from "../../models/bert.ts";
import { bertConfig } from "../../models/bert_config.ts";
import { withLayerRates } from "./layer_rates.ts";

test("each layer learns slower than the one above it, the heads at the full rate", () => {
  const table = bertParams(bertConfig({ vocab: 9, dim: 8, depth: 2, heads: 2, masked: false, classes: 2 })),
    rates = withLayerRates(table, 2, 0.5);
  const rate = (name: string) => rates[name].lrScale;
  expect(rate("bert.embeddings.word_embeddings.weight")).toBe(0.125);
  expect(rate("bert.encoder.layer.0.output.dense.bias")).toBe(0.25);
  expect(rate("bert.encoder.layer.1.attention.self.qkv.weight")).toBe(0.5);
  expect([rate("bert.pooler.dense.weight"), rate("classifier.bias")]).toEqual([1, 1]);
});
