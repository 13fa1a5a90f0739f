import { expect, test } from "bun:test";
import { CheckpointError, RecipeError } from "../../errors.ts";
import { beitConfig, presets } from "../../models/beit_config.ts";
import { fixture, readJson } from "../testing.ts";
import { hfConfig, readHfConfig } from "./config.ts";

const tiny = beitConfig({ ...presets.tiny, vocab: undefined });

for (const name of ["hf_mim_a", "hf_mim_abs", "hf_cls_a", "hf_cls_clstoken", "hf_seg_a"]) {
  test(`${name}/config.json is read and written with the same fields`, () => {
    const path = fixture(`${name}/config.json`);
    if (!path) return;
    const published = readJson(path), written = hfConfig(readHfConfig(published, path));
    for (const [field, value] of Object.entries(written)) if (field in published) expect([field, value]).toEqual([field, published[field]]);
    // What says nothing of a model without a segmentation head is left out.
    const silent = Object.keys(published).filter((field) => !(field in written));
    const others =
      /^(transformers_version|torch_dtype)$|^auxiliary_|^use_auxiliary_head$|^pool_scales$|^out_indices$|^semantic_loss_ignore_index$/;
    expect(silent.filter((field) => !others.test(field))).toEqual([]);
    expect(readHfConfig(written)).toEqual(readHfConfig(published));
  });
}

test("readHfConfig() reads the switches of the fixtures", () => {
  const read = (name: string) => {
    const path = fixture(`${name}/config.json`);
    return path && readHfConfig(readJson(path));
  };
  const mim = read("hf_mim_a"),
    absolute = read("hf_mim_abs"),
    cls = read("hf_cls_a"),
    token = read("hf_cls_clstoken"),
    seg = read("hf_seg_a");
  if (!mim || !absolute || !cls || !token || !seg) return;
  expect(mim.config).toMatchObject({
    imageSize: 64,
    dim: 48,
    depth: 3,
    heads: 3,
    mlpRatio: 4,
    vocab: 512,
    relativePositions: "shared",
    normEps: 1e-12,
  });
  expect(absolute.config).toMatchObject({ absolutePositions: true, relativePositions: "none", layerScale: null, vocab: 64 });
  expect(cls.config).toMatchObject({ relativePositions: "per-block", pooling: "mean", classes: 10, layerScale: 0.1 });
  expect([cls.config.vocab, cls.labels[9]]).toEqual([undefined, "LABEL_9"]);
  expect(token.config).toMatchObject({ pooling: "class-token", patchSize: 8, classes: 5 });
  expect(seg.segmentation).toMatchObject({ outIndices: [2, 3, 4, 5], auxiliary: { channels: 24, lossWeight: 0.4 }, ignoreIndex: 255 });
});

test("readHfConfig() takes the text of a file, and the defaults of transformers where it is silent", () => {
  const { config, labels } = readHfConfig('{ "model_type": "beit" }');
  expect(config).toEqual(beitConfig({ dim: 768, depth: 12, heads: 12, relativePositions: "none", normEps: 1e-12 }));
  expect(labels).toEqual([]);
  expect(readHfConfig({ model_type: "beit", use_mask_token: true }).config.vocab).toBe(8192);
  expect(readHfConfig({ model_type: "beit", num_labels: 3 }).labels).toEqual(["LABEL_0", "LABEL_1", "LABEL_2"]);
  expect(readHfConfig({ model_type: "beit", architectures: ["BeitForImageClassification"] }).config.classes).toBe(2);
});

test("pictures that are no square, and named classes, come back", () => {
  const config = { ...tiny, imageSize: [96, 160] as [number, number], classes: 2 }, labels = ["star", "hexagon"];
  const written = hfConfig({ config, labels });
  expect(written).toMatchObject({ image_size: [96, 160], id2label: { 0: "star", 1: "hexagon" }, label2id: { star: 0, hexagon: 1 } });
  expect(readHfConfig(JSON.stringify(written))).toEqual({ config, labels });
});

test("classes are ordered by their numbers, whatever their order in the file", () => {
  expect(readHfConfig({ model_type: "beit", id2label: { "1": "b", "0": "a" } }).labels).toEqual(["a", "b"]);
});

const wrong: [string, unknown, RegExp][] = [
  ["another model", { model_type: "vit" }, /config.json: model_type is "vit", this reads "beit"/],
  ["no model", {}, /model_type is absent/],
  ["no object", [1], /is no JSON object but \[1\]/],
  ["no JSON", "{", /is not JSON/],
  [
    "an unknown architecture",
    { model_type: "beit", architectures: ["BeitForPoems"] },
    /architectures is \["BeitForPoems"\], not one of BeitForMasked/,
  ],
  ["another activation", { model_type: "beit", hidden_act: "gelu_new" }, /hidden_act is "gelu_new"/],
  ["a size in words", { model_type: "beit", hidden_size: "many" }, /hidden_size is "many", not a number/],
  ["patches that are no square", { model_type: "beit", patch_size: [16, 8] }, /patch_size is \[16,8\], not a square/],
  [
    "two kinds of tables",
    { model_type: "beit", use_relative_position_bias: true, use_shared_relative_position_bias: true },
    /use_relative_position_bias is true/,
  ],
  ["classes without names", { model_type: "beit", id2label: { "0": "a", "7": "b" } }, /id2label/],
];
for (const [what, json, reason] of wrong) {
  test(`readHfConfig() refuses ${what} by name`, () => {
    expect(() => readHfConfig(json)).toThrow(CheckpointError);
    expect(() => readHfConfig(json)).toThrow(reason);
  });
}

test("readHfConfig() refuses a patch that does not divide the image", () => {
  expect(() => readHfConfig({ model_type: "beit", image_size: 225 }, "x/config.json")).toThrow(RecipeError);
  expect(() => readHfConfig({ model_type: "beit", image_size: 225 }, "x/config.json")).toThrow(
    /^x\/config.json: .*patchSize 16 does not divide imageSize 225/,
  );
});

test("hfConfig() refuses two heads, and labels that are not the classes", () => {
  expect(() => hfConfig({ config: { ...tiny, vocab: 8, classes: 2 } })).toThrow(/vocab 8 and classes 2/);
  expect(() => hfConfig({ config: { ...tiny, classes: 2 }, labels: ["one"] })).toThrow(/1 labels for 2 classes/);
});

test("sizes that no model has are refused before anything is made of them", () => {
  const read = (fields: object) => () => readHfConfig({ model_type: "beit", architectures: ["BeitForImageClassification"], ...fields });
  for (const num_labels of [1e10, -1, 2.5]) {
    expect(read({ num_labels })).toThrow(`config.json: num_labels is ${num_labels}, not a whole number`);
  }
  expect(read({ num_hidden_layers: 1e9 })).toThrow(RecipeError);
  expect(read({ num_hidden_layers: 1e9 })).toThrow(/depth/);
});
