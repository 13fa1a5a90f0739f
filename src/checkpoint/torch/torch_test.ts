import { expect, test } from "bun:test";
import { pathToFileURL } from "node:url";
import type { Dtype } from "../dtype.ts";
import type { StoredTensor } from "../checkpoint.ts";
import { openSafetensors } from "../safetensors.ts";
import { MemorySource } from "../source.ts";
import { checkpointError, expectDamageIsRefused, fixture, readBytes, readJson } from "../testing.ts";
import { op, pickle, tensor, torchLegacy, torchZip, zip } from "./testing.ts";
import { openTorch, type TorchCheckpoint, torchFrom } from "./torch.ts";

/** Fails unless `torch` and the safetensors fixture (its names without `prefix`) hold the same tensors, bit for bit. */
async function expectSameTensors(torch: TorchCheckpoint, safetensors: string, prefix = "") {
  await using wanted = await openSafetensors(safetensors);
  const names = [...wanted.tensors.keys()].filter((name) => name.startsWith(prefix));
  expect([...torch.tensors.keys()].sort()).toEqual(names.map((name) => name.slice(prefix.length)).sort());
  for (const name of names) {
    const { dtype, shape } = wanted.get(name), got = torch.get(name.slice(prefix.length));
    expect({ dtype: got.dtype, shape: got.shape }, name).toEqual({ dtype, shape });
    expect(Buffer.compare(await got.readRaw(), await wanted.readRaw(name)), name).toBe(0);
  }
}

const copies: [file: string, weights: string, prefix: string, at: string][] = [
  ["beit_mim.pth", "beit_mim_abs.weights.safetensors", "", "model"],
  ["beit_mim_legacy.pth", "beit_mim_abs.weights.safetensors", "", "model"],
  ["hf_cls_clstoken/pytorch_model.bin", "hf_cls_clstoken/model.safetensors", "", ""],
  ["encoder.pkl", "dvae_a.weights.safetensors", "encoder.", ""],
  ["decoder.pkl", "dvae_a.weights.safetensors", "decoder.", ""],
];
for (const [file, weights, prefix, at] of copies) {
  test(`openTorch() reads ${file} with the tensors of ${weights}, from path, bytes and Blob`, async () => {
    const path = fixture(file), same = fixture(weights);
    if (!path || !same) return;
    for (const source of [path, pathToFileURL(path), readBytes(path), new Blob([readBytes(path)])]) {
      await using opened = await openTorch(source);
      expect(opened.at).toBe(at);
      await expectSameTensors(opened, same, prefix);
    }
  });
}

test("openTorch() reads every dtype and view of dtypes_views.pth, aliases without a copy", async () => {
  const path = fixture("dtypes_views.pth"), manifest = fixture("pth.json");
  if (!path || !manifest) return;
  const expected: Record<string, { dtype: string; shape: number[]; values: number[] }> = readJson(manifest).expected["dtypes_views.pth"];
  const dtypes: Record<string, Dtype> = {
    float16: "F16",
    int64: "I64",
    uint8: "U8",
    bool: "BOOL",
    bfloat16: "BF16",
    float64: "F64",
    float32: "F32",
  };
  const bytes = readBytes(path);
  for (const source of [path, bytes]) {
    await using opened = await openTorch(source);
    expect([...opened.tensors.keys()]).toEqual(Object.keys(expected));
    expect({ ...opened.other }).toEqual({});
    for (const [name, { dtype, shape, values }] of Object.entries(expected)) {
      expect(opened.get(name), name).toMatchObject({ dtype: dtypes[dtype.slice("torch.".length)], shape });
      expect(Array.from(await opened.read(name) as Float32Array, Number), name).toEqual(values); // float32 even of float64: so the manifest has it
    }
  }
  const [a, b] = await Promise.all(["alias_a", "alias_b"].map(async (name) => (await openTorch(bytes)).readFloat32(name)));
  expect(a.buffer).toBe(bytes.buffer);
  expect(b.buffer).toBe(bytes.buffer);
  expect(b.byteOffset - a.byteOffset).toBe(4);
});

test("openTorch() keeps optimizer, epoch, scaler and args of train_ckpt.pth in reach", async () => {
  const path = fixture("train_ckpt.pth"), manifest = fixture("pth.json");
  if (!path || !manifest) return;
  const expected = readJson(manifest).expected["train_ckpt.pth"];
  await using opened = await openTorch(path);
  expect([...opened.tensors.keys()]).toEqual(["0.weight", "0.bias", "1.weight", "1.bias"]);
  expect(Array.from(await opened.readFloat32("0.weight"))).toEqual(expected["model.0.weight"]);
  const other = opened.other as unknown as {
    epoch: number;
    scaler: { scale: number };
    args: { lr: number; model: string; clip_grad: null };
    optimizer: { state: Record<string, Record<string, StoredTensor>>; param_groups: { betas: number[]; params: number[] }[] };
  };
  expect(Object.keys(other)).toEqual(["optimizer", "epoch", "scaler", "args"]);
  expect([other.epoch, other.scaler.scale, other.args.lr, other.args.model, other.args.clip_grad]).toEqual([
    expected.epoch,
    expected["scaler.scale"],
    expected["args.lr"],
    expected["args.model"],
    null,
  ]);
  expect(other.optimizer.param_groups[0]).toMatchObject({ betas: [0.9, 0.999], params: [0, 1, 2, 3] });
  const first = other.optimizer.state[0];
  expect([first.step.shape, await first.step.read()]).toEqual([[], Float32Array.of(expected["optimizer.state.0.step"])]);
  expect(first.exp_avg.name).toBe("optimizer.state.0.exp_avg");
  expect(Array.from(await first.exp_avg.readFloat32())).toEqual(expected["optimizer.state.0.exp_avg"]);

  await using optimizer = await openTorch(path, { at: "optimizer.state" });
  expect([...optimizer.tensors.keys()].slice(0, 3)).toEqual(["0.step", "0.exp_avg", "0.exp_avg_sq"]);
  await using everything = await openTorch(path, { at: "" });
  expect(everything.tensors.size).toBe(16);
  expect(Array.from(await everything.readFloat32("optimizer.state.0.exp_avg"))).toEqual(expected["optimizer.state.0.exp_avg"]);
  expect((await checkpointError(() => openTorch(path, { at: "ema" }))).message).toBe(
    `${path}: has no "ema": at "ema" there are model, optimizer, epoch, scaler, args; give another path`,
  );
});

test("openTorch() gives a pickled module's own settings", async () => {
  const path = fixture("encoder.pkl"), manifest = fixture("module_pickle.json");
  if (!path || !manifest) return;
  const { n_hid, vocab_size, n_blk_per_group } = readJson(manifest).config;
  await using opened = await openTorch(path);
  expect({ ...opened.other }).toMatchObject({ n_hid, vocab_size, n_blk_per_group, input_channels: 3, device: "cpu" });
});

const six = Float32Array.of(0, 1, 2, 3, 4, 5);
const matrix = { shape: [2, 3], strides: [3, 1] };

test("openTorch() reads what it is asked for by range, in both forms", async () => {
  const many = new Float32Array(5000).fill(7);
  const value = op.dict({
    big: tensor({ storage: "1", elements: 5000, shape: [5000], strides: [1] }),
    small: tensor({ ...matrix, offset: 0 }),
  });
  for (const bytes of [torchZip(value, { 0: six, 1: many }), torchLegacy(value, [["1", 5000, many], ["0", 6, six]])]) {
    let read = 0;
    const memory = new MemorySource("x.pth", bytes);
    const source = {
      name: memory.name,
      size: memory.size,
      close: () => memory.close(),
      read: (at: number, length: number) => (read += length, memory.read(at, length)),
    };
    await using opened = await torchFrom(source);
    read = 0;
    expect(await opened.readFloat32("small")).toEqual(six);
    expect(read).toBeLessThan(100);
    expect(await opened.readFloat32("big")).toEqual(many);
  }
});

test("a legacy view of a storage is read at its place", async () => {
  const more = [op.tuple(op.text("view"), op.int(2), op.int(3))];
  const bytes = torchLegacy(op.dict({ a: tensor({ shape: [3], strides: [1], more }) }), [["0", 6, six]]);
  expect(await (await openTorch(bytes)).readFloat32("a")).toEqual(Float32Array.of(2, 3, 4));
});

test("a legacy file whose pickles are longer than the first read is read further", async () => {
  const bytes = torchLegacy(op.dict({ a: tensor(matrix), note: op.text("x".repeat(1_200_000)) }), [["0", 6, six]]);
  await using opened = await openTorch(bytes);
  expect(await opened.readFloat32("a")).toEqual(six);
  expect((opened.other.note as string).length).toBe(1_200_000);
});

test("os.system in a checkpoint is refused by name in both forms, and nothing runs", async () => {
  const planted = op.dict({ model: op.call(op.global("os", "system"), op.text("touch planted")) });
  for (const bytes of [torchZip(planted), torchLegacy(planted, [])]) {
    expect((await checkpointError(() => openTorch(bytes))).message).toMatch(
      /^bytes: byte \d+ of the pickle: wants os\.system, which is not on the list of what a checkpoint may use; nothing was run; save a plain state_dict instead$/,
    );
  }
});

/** Memoized values, each twice inside the next: 2^n paths in n operations. */
const doubled = (n: number) => [...op.text("x"), ...Array.from({ length: n }, () => [0x71, 0, 0x68, 0, 0x86]).flat()];
/** `times` uses of a list of `length` values, each of which goes through all of it. */
const again = (length: number, times: number, use: number[]) => [
  ...[...op.list(...Array.from({ length }, () => op.none)), 0x71, 0],
  ...Array.from({ length: times }, () => [...use, 0x68, 0, 0x85, 0x52, 0x30]).flat(),
];
const keyed = (key: number[]) => [0x7d, ...key, ...op.none, 0x73];
const pair = (kind: string, key: number[]) => op.persistent(op.text(kind), op.global("torch", "FloatStorage"), op.text("0"), op.none, key);
const bombs: [string, Uint8Array, RegExp][] = [
  ["a key of lists in lists", torchZip(keyed(doubled(60))), /a dict with a key that is neither text, number nor a tuple of them/],
  ["a size of lists in lists", torchZip(op.call(op.global("torch", "Size"), op.tuple(doubled(60)))), /a list where a size is expected/],
  ["elements of lists in lists", torchZip(pair("storage", doubled(60))), /a persistent id that is no storage/],
  ["a size of more axes than torch has", torchZip(op.call(op.global("torch", "Size"), op.list(...Array(65).fill(op.int(1))))), /65 sizes/],
  [
    "sets of one list without an end",
    torchZip(again(20_000, 2_000, op.global("builtins", "set"))),
    /its calls go through more than 16777216 values/,
  ],
  [
    "a legacy list of storages of lists in lists",
    Uint8Array.from([...torchLegacy(op.none, []).subarray(0, -6), ...pickle(op.list(doubled(60)))]),
    /its list of storages has a list, which no tensor uses/,
  ],
];
for (const [what, bytes, reason] of bombs) {
  test(`openTorch() refuses ${what}, at once`, async () => {
    expect((await checkpointError(() => openTorch(bytes))).message).toMatch(reason);
  });
}

const of = (value: number[], storages: Record<string, ArrayBufferView> = { 0: six }) => torchZip(op.dict({ a: value }), storages);
const refused: [string, Uint8Array, RegExp][] = [
  ["a storage that is not there", of(tensor({ ...matrix, storage: "9" })), /storage "9" is not in the archive/],
  ["a storage shorter than it claims", of(tensor({ ...matrix, elements: 7 })), /storage 0 of 7 F32 has 24 bytes/],
  ["a tensor larger than its storage", of(tensor({ shape: [3, 3], strides: [3, 1] })), /needs 36 bytes of storage 0, which has 24/],
  ["a storage of complex numbers", of(tensor({ ...matrix, type: "ComplexFloatStorage" })), /wants torch.ComplexFloatStorage/],
  ["a class as a storage", of(tensor({ ...matrix, type: "Size" })), /a storage of type torch.Size/],
  ["a persistent id of another kind", of(op.persistent(op.text("module"))), /a persistent id that is no storage/],
  [
    "a tensor over a text",
    of(op.call(op.global("torch._utils", "_rebuild_tensor_v2"), op.text("x"))),
    /a tensor over a text instead of a storage/,
  ],
  ["an archive without a pickle", zip([["a/b", new Uint8Array()]]), /is a zip archive with 0 data.pkl \(a\/b/],
  ["a TorchScript program", zip([["m/data.pkl", Uint8Array.of()], ["m/constants.pkl", Uint8Array.of()]]), /is a TorchScript program/],
  [
    "big-endian storages",
    zip([["m/data.pkl", Uint8Array.of()], ["m/byteorder", new TextEncoder().encode("big")]]),
    /saved in "big" byte order/,
  ],
  ["a big-endian legacy file", torchLegacy(op.none, [], false), /big-endian/],
  ["a legacy storage of another length", torchLegacy(tensor(matrix), [["0", 5, six]]), /storage 0 has 5 elements, its tensors expect 6/],
  ["a legacy storage nobody uses", torchLegacy(op.none, [["0", 6, six]]), /"0", which no tensor uses/],
  ["a legacy storage listed twice", torchLegacy(tensor(matrix), [["0", 6, six], ["0", 6, six]]), /"0", which stands there twice/],
  ["a legacy storage that is not listed", torchLegacy(tensor(matrix), []), /storage 0 is not in its list/],
];
for (const [what, bytes, reason] of refused) {
  test(`openTorch() refuses ${what}`, async () => {
    expect((await checkpointError(() => openTorch(bytes))).message).toMatch(reason);
  });
}

async function readAll(damaged: Uint8Array<ArrayBuffer>) {
  await using opened = await openTorch(damaged, { at: "" });
  for (const { name } of opened.tensors.values()) await opened.read(name);
}

test("a damaged torch file of either form is refused or read, never anything else", async () => {
  const value = op.dict({ model: op.dict({ a: tensor(matrix), b: tensor({ shape: [3, 2], strides: [1, 3] }) }), epoch: op.int(3) });
  await expectDamageIsRefused(torchZip(value, { 0: six }), 3000, readAll);
  await expectDamageIsRefused(torchLegacy(value, [["0", 6, six]]), 3000, readAll);
});

test("damaged copies of dtypes_views.pth and train_ckpt.pth are refused or read, never anything else", async () => {
  for (const name of ["dtypes_views.pth", "train_ckpt.pth"]) {
    const path = fixture(name);
    if (path) await expectDamageIsRefused(readBytes(path), 1000, readAll);
  }
});
