import { expect, test } from "bun:test";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { input } from "../../graph.ts";
import { beit, beitParams } from "../../models/beit.ts";
import { beitConfig, type BeitOptions } from "../../models/beit_config.ts";
import { resizeRelativePositions } from "../../models/resize_positions.ts";
import { initialValues, parameters } from "../../nn/parameters.ts";
import { compile } from "../../program.ts";
import { providers } from "../../../tests/providers.ts";
import { asInputs, asStored, fromOfficial } from "../names/mod.ts";
import { safetensorsBytes, writeSafetensors } from "../safetensors_write.ts";
import { fixture, inTemporaryFolder } from "../testing.ts";
import { loadBeit, openBeit, saveBeit, saveHfBeit } from "./mod.ts";

const pretrained = { imageSize: 32, patchSize: 8, dim: 24, depth: 2, heads: 2, vocab: 7, layerScale: 0.1 } satisfies BeitOptions;
const shared = "rel_pos_bias.relative_position_bias_table", own = (l: number) => `blocks.${l}.attn.relative_position_bias_table`;

/** Values that no start value is. */
function valuesOf(options: BeitOptions): Record<string, Float32Array> {
  const table = beitParams(beitConfig(options));
  return Object.fromEntries(
    Object.entries(table).map((
      [name, spec],
    ) => [name, initialValues(name, spec, 5).map((v, i) => v + Math.fround(Math.sin(i + name.length)))]),
  );
}

/** A file of the official layout, as other programs write it: without a configuration. */
const official = (values: Record<string, Float32Array>, options: BeitOptions) => {
  const table = beitParams(beitConfig(options));
  return safetensorsBytes(Object.fromEntries(Object.entries(values).map(([name, data]) => [name, { shape: table[name]!.shape, data }])));
};

const variants: Record<string, BeitOptions> = {
  "pre-training": pretrained,
  "absolute positions": { ...pretrained, relativePositions: "none", absolutePositions: true, layerScale: null },
  "fine-tuning": { ...pretrained, vocab: undefined, classes: 5, relativePositions: "per-block" },
  "class token": { ...pretrained, vocab: undefined, classes: 5, pooling: "class-token", imageSize: [32, 48] },
  "pixels": { ...pretrained, vocab: undefined, targets: "pixels" },
  "BEiT v2": { ...pretrained, aggregation: { earlyBlock: 1, blocks: 2, sharedHead: false } },
};

for (const [name, options] of Object.entries(variants)) {
  test(`save → load gives back a model of ${name} bit by bit, its configuration too`, () =>
    inTemporaryFolder(async (folder) => {
      const config = beitConfig(options), values = valuesOf(options), path = join(folder, "beit.safetensors");
      await saveBeit(path, config, values, { metadata: { step: "7" } });
      const loaded = await loadBeit(path);
      expect(loaded.config).toEqual(config);
      expect(loaded.values).toEqual(values);
      expect(loaded.fresh).toEqual([]);
      await saveBeit(join(folder, "again.safetensors"), loaded.config, loaded.values, { metadata: { step: "7" } });
      expect((await readFile(path)).equals(await readFile(join(folder, "again.safetensors")))).toBe(true);
    }));
}

for (const name of ["pre-training", "absolute positions", "fine-tuning", "class token"]) {
  test(`official → Hugging Face → official changes no bit of a model of ${name}`, () =>
    inTemporaryFolder(async (folder) => {
      const config = beitConfig(variants[name]), values = valuesOf(variants[name]);
      await saveHfBeit(join(folder, "hf"), config, values, { labels: config.classes ? [..."abcde"] : undefined });
      const loaded = await loadBeit(join(folder, "hf"));
      expect(loaded.config).toEqual(config);
      expect(loaded.values).toEqual(values);
      expect(loaded.labels).toEqual(config.classes ? [..."abcde"] : []);
      expect(loaded.preprocessing?.resize).toEqual(name === "class token" ? [32, 48] : [32, 32]);
    }));
}

test("a Hugging Face folder is found by its address as well, and its file by its name", () =>
  inTemporaryFolder(async (folder) => {
    const config = beitConfig(pretrained), values = valuesOf(pretrained);
    await saveHfBeit(folder, config, values);
    for (const source of [new URL(`file://${folder}/`), join(folder, "model.safetensors"), `file://${folder}/model.safetensors`]) {
      expect((await loadBeit(source)).config).toEqual(config);
    }
    await mkdir(join(folder, "empty"));
    await expect(loadBeit(join(folder, "empty"))).rejects.toThrow(/empty: holds neither model.safetensors nor pytorch_model.bin/);
    await expect(loadBeit(join(folder, "nothing"))).rejects.toThrow(CheckpointError);
  }));

test("a Hugging Face folder is loaded over http, and a server's failure is not taken for a missing file", () =>
  inTemporaryFolder(async (folder) => {
    const config = beitConfig(pretrained);
    let failing = "";
    await saveHfBeit(folder, config, valuesOf(pretrained));
    const server = createServer((request, response) => {
      const name = request.url!.split("/").pop()!;
      if (name === failing) return response.writeHead(500).end();
      readFile(join(folder, name)).then((bytes) => response.end(bytes), () => response.writeHead(404).end());
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/beit/`;
    try {
      expect((await loadBeit(address)).config).toEqual(config);
      expect((await loadBeit(`${address}model.safetensors`)).values).toEqual(valuesOf(pretrained));
      failing = "config.json";
      await expect(loadBeit(address)).rejects.toThrow(/config.json: the server answered with status 500/);
      failing = "model.safetensors";
      await expect(loadBeit(address)).rejects.toThrow(/status 500/);
    } finally {
      server.close();
    }
  }));

test("without a configuration shapes tell the model, and what they leave open must be said", async () => {
  const values = valuesOf(pretrained), loaded = await loadBeit(await official(values, pretrained));
  expect(loaded.config).toEqual(beitConfig(pretrained));
  const absolute = variants["absolute positions"], bytes = await official(valuesOf(absolute), absolute);
  await expect(loadBeit(bytes)).rejects.toThrow("bytes: its shapes do not tell the number of heads of 24 channels; give it, as heads");
  expect((await loadBeit(bytes, { known: { heads: 2 } })).config).toEqual(beitConfig(absolute));
  const wide: BeitOptions = { ...pretrained, imageSize: [16, 40] };
  await expect(loadBeit(await official(valuesOf(wide), wide))).rejects.toThrow(/30 relative positions are not a square's; give imageSize/);
  expect((await loadBeit(await official(valuesOf(wide), wide), { known: { imageSize: [16, 40] } })).config).toEqual(beitConfig(wide));
});

test("fine-tuning takes a pre-trained model: table into every block at its resolution, norm and head anew", async () => {
  const values = valuesOf(pretrained), bytes = await official(values, pretrained);
  const model: Partial<BeitOptions> = { vocab: undefined, classes: 3, relativePositions: "per-block", imageSize: 48 };
  const { config, values: fitted, fresh, table } = await loadBeit(bytes, { model });
  expect(config).toEqual(beitConfig({ ...pretrained, ...model }));
  expect(fresh).toEqual(["fc_norm.weight", "fc_norm.bias", "head.weight", "head.bias"]);
  for (const l of [0, 1]) expect(fitted[own(l)]).toEqual(resizeRelativePositions(values[shared], 2, [4, 4], [6, 6]));
  expect(Object.keys(fitted)).not.toContain("lm_head.weight");
  expect(Object.keys(table).sort()).toEqual(Object.keys(beitParams(config)).sort());
  expect(table["patch_embed.proj.weight"].init).toBe(fitted["patch_embed.proj.weight"]);
  expect(typeof table["head.weight"].init).toBe("function");
  // Another number of classes: the old head goes.
  const tuned = { ...pretrained, ...model }, again = await loadBeit(await official(valuesOf(tuned), tuned), { model: { classes: 9 } });
  expect(again.fresh).toEqual(["head.weight", "head.bias"]);
});

test("missing, unexpected and misshapen names are counted, and three of each listed", async () => {
  const values = valuesOf(pretrained), table = beitParams(beitConfig(pretrained));
  const tensors = Object.fromEntries(Object.entries(values).map(([name, data]) => [name, { shape: [...table[name].shape], data }]));
  delete tensors["blocks.1.mlp.fc1.bias"], delete tensors["norm.weight"], delete tensors["norm.bias"], delete tensors.mask_token;
  tensors["blocks.0.attn.proj.weight"].shape = [12, 48];
  tensors["teacher.weight"] = { shape: [1], data: new Float32Array(1) };
  const load = async () => loadBeit(await safetensorsBytes(tensors));
  await expect(load()).rejects.toThrow(CheckpointError);
  await expect(load()).rejects.toThrow(
    "bytes: 4 missing (mask_token, blocks.1.mlp.fc1.bias, norm.weight, ...), 1 unexpected (teacher.weight), " +
      "1 misshapen (blocks.0.attn.proj.weight (12, 48), expected (24, 24))",
  );
});

test("an encoder without heads may have a norm and a mask token that it does not need", async () => {
  const encoder = { ...pretrained, vocab: undefined }, values = valuesOf(encoder), table = beitParams(beitConfig(encoder));
  const tensors: Record<string, { shape: readonly number[]; data: Float32Array }> = Object.fromEntries(
    Object.entries(values).map(([name, data]) => [name, { shape: table[name].shape, data }]),
  );
  for (const name of ["fc_norm.weight", "fc_norm.bias"]) tensors[name] = { shape: [24], data: new Float32Array(24) };
  for (const layout of ["official", "hf"] as const) {
    const file = await safetensorsBytes(asInputs(fromOfficial(asStored(tensors), layout)));
    const loaded = await loadBeit(file);
    expect(loaded.values).toEqual(values);
    expect(loaded.config.normEps).toBe(layout === "hf" ? 1e-12 : 1e-6);
    // Its norm is taken by a model that has one.
    const { fresh } = await loadBeit(file, { model: { classes: 2 } });
    expect(fresh).toEqual(["head.weight", "head.bias"]);
  }
});

test("of a model for segmentation the encoder is loaded, its heads stand among the tensors", async () => {
  const folder = fixture("hf_seg_a");
  if (!folder) return;
  await using opened = await openBeit(folder);
  expect([opened.fresh, opened.config.classes, opened.segmentation?.outIndices.length]).toEqual([[], undefined, 4]);
  expect([...opened.tensors.keys()].some((name) => name.startsWith("decode_head."))).toBe(true);
  expect(Object.keys(await opened.values()).some((name) => name.startsWith("decode_head."))).toBe(false);
});

test("a table a block cannot become a shared one", async () => {
  const tuned = variants["fine-tuning"], bytes = await official(valuesOf(tuned), tuned);
  await expect(loadBeit(bytes, { model: { relativePositions: "shared" } })).rejects.toThrow(CheckpointError);
});

test("a configuration that is damaged, or of another model type, is refused by name", () =>
  inTemporaryFolder(async (folder) => {
    const values = valuesOf(pretrained), table = beitParams(beitConfig(pretrained));
    const tensors = asStored(Object.fromEntries(Object.entries(values).map(([name, data]) => [name, { shape: table[name].shape, data }])));
    await expect(loadBeit(await safetensorsBytes(asInputs(tensors), { beit: "{" }))).rejects.toThrow(/its configuration is not JSON/);
    await expect(loadBeit(await safetensorsBytes(asInputs(tensors), { beit: '{"depht":1}' }))).rejects.toThrow(/depht/);
    await writeSafetensors(join(folder, "model.safetensors"), asInputs(fromOfficial(tensors, "hf")));
    await writeFile(join(folder, "config.json"), '{"model_type":"vit"}');
    await expect(loadBeit(folder)).rejects.toThrow(/model_type is "vit"/);
  }));

test("values of another model, or of another size, are not written", () =>
  inTemporaryFolder(async (folder) => {
    const config = beitConfig(pretrained), path = join(folder, "x.safetensors"), values = valuesOf(pretrained);
    const { cls_token: _, ...without } = values;
    await expect(saveBeit(path, config, without)).rejects.toThrow(`${path}: 1 missing (cls_token); give this model's own values`);
    await expect(saveBeit(path, config, { ...values, extra: new Float32Array(1) })).rejects.toThrow("1 unknown (extra)");
    await expect(saveBeit(path, config, { ...values, cls_token: new Float32Array(3) })).rejects.toThrow("cls_token has 3 values");
    const v2 = variants["BEiT v2"];
    await expect(saveHfBeit(join(folder, "hf"), beitConfig(v2), valuesOf(v2))).rejects.toThrow(/no name for/);
  }));

for (const provider of providers) {
  test(`on ${provider.name} a model whose weights were written one by one gives what one with start values gives`, async () => {
    const device = await provider.open(), config = beitConfig(pretrained), bytes = await official(valuesOf(pretrained), pretrained);
    const run = async (params: ReturnType<typeof parameters>, write: (program: Awaited<ReturnType<typeof compile>>) => Promise<void>) => {
      const pictures = input("pictures", [1, 3, 32, 32]), program = await compile(device, { y: beit(params, pictures, config).blocks[2] });
      await write(program);
      program.write({ pictures: Float32Array.from({ length: 3072 }, (_, i) => Math.cos(i)) });
      program.run();
      const y = await program.read("y");
      program.destroy();
      return y;
    };
    const whole = await run(parameters((await loadBeit(bytes)).table), () => Promise.resolve());
    await using opened = await openBeit(bytes);
    // The head and the mask token are no part of this program.
    const params = parameters(beitParams(config), { blank: true });
    const used = Object.fromEntries(Object.entries(params).filter(([name]) => !/^(norm|lm_head)\.|^mask_token$/.test(name)));
    expect(await run(params, (program) => opened.writeTo(program, used))).toEqual(whole);
  });
}

/** Bytes that tell which ranges are read. */
class Watched extends Blob {
  readonly ranges: number[] = [];
  override slice(start = 0, end = this.size) {
    this.ranges.push(end - start);
    return super.slice(start, end);
  }
}

test("a file is judged by its table alone, and its values are read one tensor at a time, each written before the next is read", async () => {
  const config = beitConfig(pretrained), bytes = await official(valuesOf(pretrained), pretrained) as Uint8Array<ArrayBuffer>;
  const file = new Watched([bytes]);
  await using opened = await openBeit(file);
  expect(file.ranges.reduce((a, b) => a + b, 0)).toBeLessThan(bytes.length / 2);
  const judged = file.ranges.length, written: number[] = [];
  const table = beitParams(config);
  await opened.writeTo({
    write(values) {
      const [[name, { byteLength }]] = Object.entries(values);
      expect(byteLength, name).toBe(4 * table[name].shape.reduce((a, b) => a * b, 1));
      written.push(byteLength);
      expect(file.ranges.slice(judged)).toEqual(written);
    },
  }, table);
  expect(written.length).toBe(Object.keys(table).length);
});

test("a folder of several files of weights, and pictures of other channels than the model's, are refused by name", () =>
  inTemporaryFolder(async (folder) => {
    await saveHfBeit(folder, beitConfig(pretrained), valuesOf(pretrained));
    const path = join(folder, "preprocessor_config.json"), steps = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...steps, image_mean: [0.5], image_std: [0.5] }));
    await expect(loadBeit(folder)).rejects.toThrow(/image_mean has 1 channels, model.safetensors takes 3/);
    await rename(join(folder, "model.safetensors"), join(folder, "model-00001-of-00002.safetensors"));
    await writeFile(join(folder, "model.safetensors.index.json"), "{}");
    await expect(loadBeit(folder)).rejects.toThrow(/weights are in several files \(model.safetensors.index.json\)/);
  }));
