// Kinds "hf_bert" (a whole BERT from Hugging Face's tensors: hidden states, logits, loss, gradients) and "bert_heads" (the heads of
// BERT and SpanBERT over given hidden states).

import { bertConfig } from "../../src/models/bert_config.ts";
import { bert, bertParams, type EncodedText } from "../../src/models/bert.ts";
import {
  boundaryLogits,
  boundaryLoss,
  maskedTokenLogits,
  maskedTokenLoss,
  pooledText,
  textClassLogits,
} from "../../src/models/bert_heads.ts";
import { crossEntropy } from "../../kernels/mod.ts";
import { expectTensors, toBert } from "../../src/checkpoint/names/mod.ts";
import { StoredTensor } from "../../src/checkpoint/checkpoint.ts";
import type { Device } from "../../src/devices/device.ts";
import { gradients } from "../../src/gradients.ts";
import { input, reshape, type Tensor } from "../../src/graph.ts";
import { parameters } from "../../src/nn/parameters.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import type { Fixture } from "./fixture.ts";

type Written = Record<string, ArrayLike<number>>;

/** Runs the graph once and compares every output whose name the fixture has. */
async function compare(
  { manifest, values, shapes }: Fixture,
  device: Device,
  check: Check,
  outputs: Record<string, Tensor>,
  written: Written,
): Promise<void> {
  const program = await compile(device, outputs), { forward, loss, grad } = manifest.tolerance!;
  try {
    program.write(Object.fromEntries(program.inputs.map((name) => [name, written[name]])));
    program.run();
    for (const name of Object.keys(outputs)) {
      const got = await program.read(name), tolerance = name.includes("grad") ? grad : name.endsWith("loss") ? loss : forward;
      const joined = /^(grad\..*\.self)\.qkv(\..*)$/.exec(name);
      if (joined) {
        for (const [i, part] of ["query", "key", "value"].entries()) {
          const size = got.length / 3, its = `${joined[1]}.${part}${joined[2]}`;
          check.close(its, got.subarray(i * size, (i + 1) * size), values(its), tolerance);
        }
      } else if (shapes.has(name)) check.close(name, got, values(name), tolerance);
      else check.fail(`the fixture has no ${name}`);
    }
  } finally {
    program.destroy();
  }
}

export async function hfBert(fixture: Fixture, device: Device, check: Check): Promise<void> {
  const { manifest: { config: c }, shapes, values } = fixture, classify = c.head === "BertForSequenceClassification";
  const config = bertConfig({
    vocab: c.vocab_size,
    dim: c.hidden_size,
    depth: c.num_hidden_layers,
    heads: c.num_attention_heads,
    hidden: c.intermediate_size,
    positions: c.max_position_embeddings,
    segments: c.type_vocab_size,
    normEps: c.layer_norm_eps,
    masked: !classify,
    ...classify && { classes: c.num_labels },
  });
  const table = bertParams(config), stored = new Map<string, StoredTensor>();
  for (const [name, shape] of shapes) {
    if (!/^(bert|cls|classifier)\./.test(name)) continue;
    const bytes = new Uint8Array(Float32Array.from(values(name)).buffer);
    stored.set(name, new StoredTensor({ name, dtype: "F32", shape, bytes: bytes.length }, "fixture", () => Promise.resolve(bytes)));
  }
  const tensors = toBert(stored);
  expectTensors(tensors, { shapes: Object.fromEntries(Object.entries(table).map(([name, { shape }]) => [name, shape])) }, "fixture");
  for (const [name, tensor] of tensors) table[name] = { ...table[name], init: await tensor.readFloat32() };

  const p = parameters(table), [B, T] = shapes.get("input_ids")!;
  const tokens = input("input_ids", [B, T], "u32"),
    keys = input("attention_mask", [B, T]),
    segments = input("token_type_ids", [B, T], "u32");
  const encoded = bert(p, { tokens, keys, segments }, config), written: Written = {};
  for (const name of ["input_ids", "attention_mask", "token_type_ids"]) written[name] = values(name);

  const labels = values("labels"), labelled = input("labels", [labels.length], "u32"), weights = input("weights", [labels.length]);
  written.labels = labels.map((label) => Math.max(0, label));
  written.weights = labels.map((label) => label < 0 ? 0 : 1);
  written.rows = labels.map((_, i) => i);
  const logits = classify ? textClassLogits(p, encoded, config) : maskedTokenLogits(p, encoded, input("rows", [B * T], "u32"), config);
  const loss = classify ? crossEntropy(logits, labelled) : maskedTokenLoss(logits, labelled, weights).loss;
  const grads = gradients(loss, Object.values(p));
  await compare(fixture, device, check, {
    ...Object.fromEntries(encoded.blocks.map((x, l) => [`hidden_states.${l}`, x])),
    logits,
    loss,
    ...Object.fromEntries(Object.keys(p).map((name, i) => [`grad.${name}`, grads[i]])),
  }, written);
}

export async function bertHeads(fixture: Fixture, device: Device, check: Check): Promise<void> {
  const { manifest: { config: c }, shapes, values } = fixture, [B, T] = shapes.get("hidden")!, all = { normEps: c.layer_norm_eps };
  const prefixes: Record<string, string> = { sbo: "cls.pair_target_predictions.", mlm: "cls.predictions.", cls: "" };
  /** This project's name of a parameter of the fixture. */
  const ours = (name: string) => {
    if (!name.includes(".") || name === "word_embeddings.weight") return "bert.embeddings.word_embeddings.weight";
    const [, head, rest] = /^(\w+)\.(.*)$/.exec(name)!;
    return `${prefixes[head]}${
      head === "cls" ? rest.replace(/^pooler/, "bert.pooler") : rest.replace("gamma", "weight").replace("beta", "bias")
    }`;
  };
  const stored = [...shapes].filter(([name]) => /^w\.|^word_/.test(name)).map(([name, shape]) =>
    [name, name.replace(/^w\./, ""), shape] as const
  );
  const p = parameters(Object.fromEntries(stored.map(([name, short, shape]) => [ours(short), { shape, init: values(name) }])));
  const hidden = input("hidden", [B, T, c.dim]), encoded: EncodedText = { blocks: [hidden], B, T };
  const written: Written = { hidden: values("hidden") };
  const given = (name: string, data: ArrayLike<number>, dtype: "u32" | "f32" = "u32") => {
    written[name] = data;
    return input(name, [data.length], dtype);
  };

  // Every pair asks for all its targets; padding (0) has weight 0.
  const pairs = values("pairs"),
    targets = values("targets"),
    P = c.max_pair_targets,
    ofPair = Array.from(targets, (_, i) => Math.floor(i / P));
  const row = (side: 0 | 1) => ofPair.map((n) => Math.floor(n / shapes.get("pairs")![1]) * T + pairs[2 * n + side]);
  const places = { left: given("left", row(0)), right: given("right", row(1)), offset: given("offset", ofPair.map((_, i) => i % P)) };
  const sboLogits = boundaryLogits(p, encoded, places, all);
  const mark = (data: Float64Array) => data.map((label) => label === 0 ? 0 : 1);
  const sbo = boundaryLoss(sboLogits, given("targets", targets), given("target weights", mark(targets), "f32"));

  const mlmTargets = values("mlm_targets"), mlmLogits = maskedTokenLogits(p, encoded, given("rows", mlmTargets.map((_, i) => i)), all);
  const mlm = maskedTokenLoss(mlmLogits, given("mlm_targets", mlmTargets), given("mlm weights", mark(mlmTargets), "f32"));

  const clsLogits = textClassLogits(p, encoded, { pooling: "class-token" }),
    cls = { loss: crossEntropy(clsLogits, given("cls_labels", values("cls_labels"))) };
  const outputs: Record<string, Tensor> = {
    sbo_logits: sboLogits,
    sbo_loss: sbo.loss,
    mlm_logits: mlmLogits,
    mlm_loss: mlm.loss,
    pooled: pooledText(p, encoded, { pooling: "class-token" }),
    cls_logits: clsLogits,
    cls_loss: cls.loss,
  };
  for (const [head, { loss }] of Object.entries({ sbo, mlm, cls })) {
    const names = [...shapes.keys()].filter((name) => name.startsWith(`grad_${head}.`)).map((name) => name.slice(`grad_${head}.`.length));
    const wanted = names.map((name) => name === "hidden" ? hidden : p[ours(head === "cls" ? `cls.${name}` : name)]);
    gradients(loss, wanted).forEach((d, i) => outputs[`grad_${head}.${names[i]}`] = reshape(d, wanted[i].shape));
  }
  await compare(fixture, device, check, outputs, written);
}
