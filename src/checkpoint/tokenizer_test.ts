import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CheckpointError } from "../errors.ts";
import { tokenizer, tokenizerConfig } from "../models/tokenizer.ts";
import { initialValues } from "../nn/parameters.ts";
import { openSafetensors } from "./safetensors.ts";
import { safetensorsBytes } from "./safetensors_write.ts";
import { readTokenizer, withWeights, writeTokenizer } from "./tokenizer.ts";

const fixtures = fileURLToPath(new URL("../../../shared/fixtures/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));

function made(options: object) {
  const config = tokenizerConfig(options), { params } = tokenizer(config);
  return {
    config,
    params,
    weights: Object.fromEntries(Object.entries(params).map(([name, spec]) => [name, initialValues(name, spec, 3)])),
  };
}
const dalle = { hidden: 8, initial: 4, groups: 3, blocks: 2, vocab: 12 };
const customized = { form: "customized", hidden: 4, codebookDim: 6, layers: 2, vocab: 12 };

for (const options of [dalle, customized, { ...customized, residual: false }]) {
  const name = "form" in options ? "residual" in options ? "customized, plain" : "customized" : "dalle";

  test(`a ${name} tokenizer comes back as it was written`, async () => {
    const { config, params, weights } = made(options), path = join(folder, "own.safetensors");
    await writeTokenizer(path, config, weights);
    const read = await readTokenizer(path, { vocab: 12, scale: 4 });
    expect(read.config).toEqual(config);
    expect(read.weights).toEqual(weights);
    expect(read.decodes).toBe(true);
    await using opened = await openSafetensors(path);
    expect(opened.metadata.fingerprint).toBe(read.fingerprint);
    expect(Object.keys(withWeights(params, read.weights))).toEqual(Object.keys(params));
  });

  test(`the sizes of a ${name} tokenizer follow from its shapes`, async () => {
    const { config, params, weights } = made(options);
    const tensors = Object.entries(weights).map(([name, data]) => [name, { shape: params[name].shape, data }]);
    const read = await readTokenizer(await safetensorsBytes(Object.fromEntries(tensors)));
    expect(read.config).toEqual(config);
  });
}

test("another vocabulary or scale than wanted is refused by name", async () => {
  const { config, weights } = made(dalle), path = join(folder, "vocabulary.safetensors");
  await writeTokenizer(path, config, weights);
  await expect(readTokenizer(path, { vocab: 8192 })).rejects.toThrow(CheckpointError);
  await expect(readTokenizer(path, { vocab: 8192 })).rejects.toThrow(
    /vocabulary.safetensors: has a vocabulary of 12 tokens, 8192 are wanted/,
  );
  await expect(readTokenizer(path, { scale: 8 })).rejects.toThrow(/stands for 4 pixels a side, 8 are wanted/);
});

test("weights that do not belong together, and files of something else, are refused by name", async () => {
  const { config, weights } = made(dalle), path = join(folder, "half.safetensors");
  const { "encoder.blocks.output.conv.b": _, ...rest } = weights;
  await writeTokenizer(path, config, rest);
  await expect(readTokenizer(path)).rejects.toThrow(/1 missing \(encoder.blocks.output.conv.b\)/);
  await expect(readTokenizer(await safetensorsBytes({ head: { shape: [1], data: Float32Array.of(1) } }))).rejects.toThrow(
    /names \(head, ...\) are no tokenizer's/,
  );
  const odd = await safetensorsBytes({ head: { shape: [1], data: Float32Array.of(1) } }, { tokenizer: '{"form":"vq"}' });
  await expect(readTokenizer(odd)).rejects.toThrow(CheckpointError);
  await expect(writeTokenizer(path, config, { head: Float32Array.of(1) })).rejects.toThrow(/head is no parameter of this tokenizer/);
});

test("DALL-E's pickled modules are read, together or the encoder alone", async () => {
  if (!existsSync(join(fixtures, "encoder.pkl"))) {
    return console.log("tokenizer_test: no ../shared/fixtures, so the pickled modules are left out");
  }
  const [encoder, decoder] = ["encoder.pkl", "decoder.pkl"].map((name) => join(fixtures, name));
  const both = await readTokenizer({ encoder, decoder }), alone = await readTokenizer({ encoder });
  expect(both.config).toEqual(tokenizerConfig({ hidden: 8, initial: 8, vocab: 32 }));
  expect([both.decodes, alone.decodes]).toEqual([true, false]);
  expect(Object.keys(alone.weights).every((name) => name.startsWith("encoder."))).toBe(true);
  const path = join(folder, "dalle.safetensors");
  await writeTokenizer(path, both.config, both.weights);
  expect(await readTokenizer(path)).toEqual(both);
});

test("the published size has the names and shapes of the published files", () => {
  const keys = join(fixtures, "dalle_full_keys.json");
  if (!existsSync(keys)) return console.log("tokenizer_test: no ../shared/fixtures, so the published names are left out");
  const { params } = tokenizer(tokenizerConfig({ hidden: 256, initial: 128 }));
  const published: Record<string, Record<string, number[]>> = JSON.parse(readFileSync(keys, "utf8"));
  const wanted = ["encoder", "decoder"].flatMap((part) =>
    Object.entries(published[part]).map(([name, shape]) => [`${part}.${name}`, shape])
  );
  expect(Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, shape]))).toEqual(Object.fromEntries(wanted));
});

test("a tokenizer's tensors are judged before any of them is read", async () => {
  const { params, weights } = made(dalle);
  const tensors = Object.entries(weights).map(([name, data]) => [name, { shape: params[name].shape, data }]);
  const whole = await safetensorsBytes({ ...Object.fromEntries(tensors), more: { shape: [2 ** 20], data: new Uint8Array(2 ** 20) } });
  class Watched extends Blob {
    most = 0;
    override slice(start = 0, end = this.size) {
      this.most = Math.max(this.most, end - start);
      return super.slice(start, end);
    }
  }
  const file = new Watched([whole]);
  await expect(readTokenizer(file)).rejects.toThrow("1 unexpected (more)");
  expect(file.most).toBeLessThan(2 ** 16);
});
