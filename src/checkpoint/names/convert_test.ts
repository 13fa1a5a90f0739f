import { expect, test } from "bun:test";
import { CheckpointError } from "../../errors.ts";
import { openCheckpoint, StoredTensor } from "../mod.ts";
import { parseSafetensors } from "../safetensors.ts";
import { safetensorsBytes } from "../safetensors_write.ts";
import { fixture, readJson } from "../testing.ts";
import { fromOfficial, layoutOf, type StoredTensors, toOfficial } from "./convert.ts";
import { asInputs, asStored } from "./in_memory.ts";
import { computed } from "./table.ts";

const vector = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
const matrix = (rows: number, first: number) => ({ shape: [rows, 2], data: Float32Array.from({ length: rows * 2 }, (_, i) => first + i) });

/** Every tensor's name, dtype, shape and bytes must be the other's. */
async function expectSame(got: StoredTensors, want: StoredTensors): Promise<void> {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  for (const [name, tensor] of want) {
    const other = got.get(name)!;
    expect([other.name, other.dtype, other.shape, other.bytes], name).toEqual([name, tensor.dtype, tensor.shape, tensor.bytes]);
    expect(sameBytes(await other.readRaw(), await tensor.readRaw()), name).toBe(true);
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

const withoutComputed = (tensors: StoredTensors) => new Map([...tensors].filter(([name]) => !computed.test(name)));

for (const name of ["hf_mim_a", "hf_mim_abs", "hf_cls_a", "hf_cls_clstoken"]) {
  test(`${name}: Hugging Face's weights are the official ones, and official → HF → official changes no bit`, async () => {
    const manifest = fixture(`${name}.json`);
    if (!manifest) return;
    const path = fixture(`${readJson(manifest).config.same_weights_as}.weights.safetensors`), folder = fixture(`${name}/model.safetensors`);
    if (!path || !folder) return;
    await using weights = await openCheckpoint(path);
    await using published = await openCheckpoint(folder);
    expect([layoutOf(weights.tensors, path), layoutOf(published.tensors, folder)]).toEqual(["official", "hf"]);
    const official = withoutComputed(weights.tensors);
    await expectSame(toOfficial(published.tensors), official);
    await expectSame(fromOfficial(official, "hf"), withoutComputed(published.tensors));
    await expectSame(toOfficial(fromOfficial(official, "hf")), official);
    const written = parseSafetensors(await safetensorsBytes(asInputs(fromOfficial(official, "hf"))));
    for (const [key, tensor] of withoutComputed(published.tensors)) {
      expect(sameBytes(written.readRaw(key), await tensor.readRaw()), key).toBe(true);
    }
  });
}

test("a pytorch_model.bin with the index of relative positions is read, the index dropped", async () => {
  const path = fixture("hf_cls_clstoken/pytorch_model.bin"), same = fixture("hf_cls_clstoken/model.safetensors");
  if (!path || !same) return;
  await using bin = await openCheckpoint(path);
  await using safe = await openCheckpoint(same);
  expect(bin.tensors.has("beit.encoder.relative_position_bias.relative_position_index")).toBe(true);
  await expectSame(toOfficial(bin.tensors), toOfficial(safe.tensors));
});

test("a segmentation model keeps the names of its head", async () => {
  const path = fixture("hf_seg_a/model.safetensors");
  if (!path) return;
  await using published = await openCheckpoint(path);
  const official = toOfficial(published.tensors);
  for (const name of ["fpn1.0.weight", "decode_head.conv_seg.bias", "decode_head.bottleneck.bn.running_var", "blocks.3.gamma_2"]) {
    expect(official.has(name), name).toBe(true);
  }
  await expectSame(fromOfficial(official, "hf"), withoutComputed(published.tensors));
});

const small = asStored({
  "cls_token": { shape: [1, 1, 2], data: Float32Array.of(1, 2) },
  "mask_token": { shape: [1, 1, 2], data: Float32Array.of(3, 4) },
  "blocks.10.norm1.weight": vector(5, 6),
  "blocks.10.attn.qkv.weight": matrix(6, 10),
  "norm.bias": vector(7, 8),
  "lm_head.bias": vector(9),
});

test("asInputs() writes every dtype bit by bit, NaN included", async () => {
  const infos = { F16: [0x7e01, 0x3c01], BF16: [0x7fc1, 0x3f81] };
  for (const [dtype, patterns] of Object.entries(infos) as ["F16" | "BF16", number[]][]) {
    const raw = new Uint8Array(Uint16Array.from(patterns).buffer);
    const tensor = new StoredTensor({ name: "a", dtype, shape: [2], bytes: 4 }, "memory", () => Promise.resolve(raw));
    expect(parseSafetensors(await safetensorsBytes(asInputs(new Map([["a", tensor]])))).readRaw("a"), dtype).toEqual(raw);
  }
  const double = Float64Array.of(0.1), raw = new Uint8Array(double.buffer);
  const tensor = new StoredTensor({ name: "a", dtype: "F64", shape: [1], bytes: 8 }, "memory", () => Promise.resolve(raw));
  expect(parseSafetensors(await safetensorsBytes(asInputs(new Map([["a", tensor]])))).readNumbers("a")).toEqual(double);
});

test("the last norm and the block's number are named by the model", () => {
  const names = (tensors: StoredTensors) => [...tensors.keys()].filter((name) => /layernorm/.test(name));
  expect(names(fromOfficial(small, "hf"))).toEqual(["beit.encoder.layer.10.layernorm_before.weight", "layernorm.bias"]);
  const encoder = new Map([...small].filter(([name]) => !name.startsWith("lm_head")));
  expect(names(fromOfficial(encoder, "hf"))).toEqual(["beit.encoder.layer.10.layernorm_before.weight", "beit.layernorm.bias"]);
});

test("query, key and value are the thirds of qkv", async () => {
  const hf = fromOfficial(small, "hf");
  const part = (name: string) => hf.get(`beit.encoder.layer.10.attention.attention.${name}.weight`)!;
  expect(part("key").shape).toEqual([2, 2]);
  expect(await part("query").readFloat32()).toEqual(Float32Array.of(10, 11, 12, 13));
  expect(await part("value").readFloat32()).toEqual(Float32Array.of(18, 19, 20, 21));
});

test("timm's layout has the official names without those of pre-training, and is read as official", async () => {
  const timm = fromOfficial(small, "timm");
  expect([...timm.keys()]).toEqual(["cls_token", "blocks.10.norm1.weight", "blocks.10.attn.qkv.weight", "norm.bias"]);
  await expectSame(toOfficial(new Map([...timm, ...asStored({ "blocks.10.attn.k_bias": vector(0, 0) })])), timm);
});

test("the bare encoder of Hugging Face and the backbone of a segmentation model are read under the same names", async () => {
  const bare = new Map([...fromOfficial(small, "hf")].map(([name, tensor]) => [name.replace(/^beit\./, ""), tensor]));
  await expectSame(toOfficial(bare), small);
  await expectSame(toOfficial(new Map([...small].map(([name, tensor]) => [`backbone.${name}`, tensor]))), small);
});

test("what no layout knows is kept on reading and refused on writing", () => {
  const strange = new Map([...small, ...asStored({ "cls_pt_layers.0.gamma_1": vector(1) })]);
  expect(toOfficial(strange).has("cls_pt_layers.0.gamma_1")).toBe(true);
  expect(() => fromOfficial(strange, "hf", "x.pth")).toThrow("x.pth: the hf layout has no name for 1 tensors (cls_pt_layers.0.gamma_1)");
});

test("query, key and value that do not belong together are refused", () => {
  const query = "beit.encoder.layer.10.attention.attention.query.weight", key = query.replace("query", "key");
  for (const gone of [query, key]) {
    const hf = fromOfficial(small, "hf");
    hf.delete(gone);
    expect(() => toOfficial(hf)).toThrow(`${gone} is missing`);
  }
  const other = new Map([...fromOfficial(small, "hf"), ...asStored({ [key]: matrix(3, 0) })]);
  expect(() => toOfficial(other)).toThrow(/key.weight \(3, 2\) F32 does not fit to .*query.weight \(2, 2\) F32/);
  const seven = new Map([...small, ...asStored({ "blocks.10.attn.qkv.weight": matrix(7, 0) })]);
  expect(() => fromOfficial(seven, "hf")).toThrow(/\(7, 2\) cannot be parted in 3/);
});

test("two tensors for one name, and a checkpoint of something else, are refused", () => {
  const twice = new Map([...small, ...[...small].slice(0, 1).map(([name, tensor]) => [`backbone.${name}`, tensor] as const)]);
  expect(() => toOfficial(twice)).toThrow("two tensors stand for cls_token");
  const bert = asStored({ "bert.encoder.layer.0.output.dense.bias": vector(1) });
  expect(() => toOfficial(bert, "bert.bin")).toThrow(CheckpointError);
  expect(() => toOfficial(bert, "bert.bin")).toThrow(
    /bert.bin: its 1 names \(bert.encoder.layer.0.output.dense.bias, ...\) are not those of a BEiT/,
  );
});
