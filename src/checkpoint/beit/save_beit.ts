// A BEiT written as this project's safetensors file, or as a folder that Hugging Face transformers opens.

import { CheckpointError } from "../../errors.ts";
import { type BeitConfig, windowOf } from "../../models/beit_config.ts";
import { beitParams } from "../../models/beit_params.ts";
import { atomicWrite } from "../atomic_write.ts";
import { StoredTensor } from "../checkpoint.ts";
import { hfConfig, type Preprocessing, preprocessorConfig } from "../hf/mod.ts";
import { asInputs, fromOfficial } from "../names/mod.ts";
import { writeSafetensors } from "../safetensors_write.ts";
import { metadataKey } from "./open_beit.ts";

/** Values by official name: at hand, or fetched when their turn comes, so that the host never holds all of a model. */
export type BeitValues = Readonly<Record<string, Float32Array | (() => Promise<Float32Array>)>>;

export interface SaveBeitOptions {
  /** More entries of the file's metadata: a recipe, a step. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes one safetensors file with official names and the configuration in its metadata: what `loadBeit` reads back bit by bit.
 *
 * ```ts
 * import { beitConfig, beitParams, initialValues, openBeit, saveBeit } from "../../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 }), path = await Deno.makeTempFile();
 * await saveBeit(path, config, Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)])));
 * await using opened = await openBeit(path);
 * console.assert(opened.config.dim === 16 && opened.fresh.length === 0);
 * ```
 */
export async function saveBeit(path: string, config: BeitConfig, values: BeitValues, { metadata }: SaveBeitOptions = {}): Promise<void> {
  const tensors = asInputs(stored(config, values, path));
  await writeSafetensors(path, tensors, { format: "pt", ...metadata, [metadataKey]: JSON.stringify(config) });
}

export interface SaveHfOptions {
  /** Names of the classes, in their order. */
  labels?: string[];
  /** How pictures are prepared; if absent, a bicubic resize to the model's size with mean and deviation 0.5, as in pre-training. */
  preprocessing?: Preprocessing;
}

/**
 * Writes a folder with model.safetensors, config.json and preprocessor_config.json. Throws CheckpointError for a model that Hugging Face
 * transformers has no class for: two heads, pixels for targets, an aggregation.
 *
 * ```ts
 * import { beitConfig, beitParams, initialValues, openBeit, saveHfBeit } from "../../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2, vocab: 64 });
 * const values = Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)]));
 * const folder = await Deno.makeTempDir();
 * await saveHfBeit(folder, config, values);
 * await using opened = await openBeit(folder);
 * console.assert(opened.config.vocab === 64);
 * ```
 */
export async function saveHfBeit(
  folder: string,
  config: BeitConfig,
  values: BeitValues,
  { labels, preprocessing }: SaveHfOptions = {},
): Promise<void> {
  const [height, width] = windowOf(config).map((side) => side * config.patchSize), half = Array<number>(config.channels).fill(0.5);
  const prepared = preprocessing ?? { resize: [height, width], filter: "bicubic", crop: null, mean: half, std: half };
  const model = hfConfig({ config, labels });
  const tensors = fromOfficial(stored(config, values, folder), "hf", folder);
  const { mkdir } = await import("node:fs/promises"), { join } = await import("node:path"); // not at import time: browsers have neither
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, "model.safetensors"), asInputs(tensors), { format: "pt" });
  await writeJson(join(folder, "config.json"), model);
  await writeJson(join(folder, "preprocessor_config.json"), preprocessorConfig(prepared));
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await atomicWrite(path, [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)]);
}

/** The values as tensors of a checkpoint; every parameter must be there, and nothing else. */
function stored(config: BeitConfig, values: BeitValues, where: string): Map<string, StoredTensor> {
  const table = beitParams(config), tensors = new Map<string, StoredTensor>();
  const missing = Object.keys(table).filter((name) => !Object.hasOwn(values, name)),
    unknown = Object.keys(values).filter((name) => !Object.hasOwn(table, name));
  for (const [fault, names] of Object.entries({ missing, unknown })) {
    if (!names.length) continue;
    throw new CheckpointError(`${where}: ${names.length} ${fault} (${names.slice(0, 3).join(", ")}); give this model's own values`);
  }
  for (const [name, { shape }] of Object.entries(table)) {
    const bytes = 4 * shape.reduce((a, b) => a * b, 1), value = values[name];
    const load = async () => {
      const { buffer, byteOffset, byteLength } = typeof value === "function" ? await value() : value;
      if (byteLength !== bytes) {
        throw new CheckpointError(`${where}: ${name} has ${byteLength / 4} values, (${shape.join(", ")}) holds ${bytes / 4}; check it`);
      }
      return new Uint8Array(buffer, byteOffset, byteLength);
    };
    tensors.set(name, new StoredTensor({ name, dtype: "F32", shape, bytes }, where, load));
  }
  return tensors;
}
