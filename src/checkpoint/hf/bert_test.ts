import { expect, test } from "bun:test";
import { bertConfig, bertMini } from "../../models/bert_config.ts";
import { hfBertConfig, readBertConfig } from "./bert.ts";

test("a config.json gives back the model that it was written for", () => {
  for (const head of [{}, { masked: false, classes: 3 }, { masked: false }]) {
    const config = bertConfig({ ...bertMini, vocab: 99, ...head }), labels = config.classes ? ["a", "b", "c"] : [];
    expect(readBertConfig(JSON.stringify(hfBertConfig({ config, labels })))).toEqual({ config: { ...config, hidden: 1024 }, labels });
  }
});

test("readBertConfig() takes the published file of bert-base-uncased", () => {
  const { config } = readBertConfig({
    architectures: ["BertForMaskedLM"],
    attention_probs_dropout_prob: 0.1,
    gradient_checkpointing: false,
    hidden_act: "gelu",
    hidden_dropout_prob: 0.1,
    hidden_size: 768,
    initializer_range: 0.02,
    intermediate_size: 3072,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 512,
    model_type: "bert",
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 0,
    type_vocab_size: 2,
    vocab_size: 30522,
  });
  expect(config).toMatchObject({ dim: 768, depth: 12, masked: true, normEps: 1e-12, positions: 512 });
});

test("readBertConfig() names what it cannot take", () => {
  expect(() => readBertConfig({ model_type: "roberta" })).toThrow('config.json: model_type is "roberta", this reads "bert"');
  expect(() => readBertConfig({ model_type: "bert", hidden_act: "gelu_new" })).toThrow('hidden_act is "gelu_new"');
  expect(() => readBertConfig({ model_type: "bert", architectures: ["BertForQuestionAnswering"] })).toThrow("architectures is");
  expect(() => readBertConfig({ model_type: "bert", hidden_size: 100 })).toThrow("heads 12 does not divide dim 100");
  expect(() => hfBertConfig({ config: bertConfig({ ...bertMini, classes: 2 }) })).toThrow("has one head");
});
