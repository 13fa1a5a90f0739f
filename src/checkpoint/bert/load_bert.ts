// A BERT from a Hugging Face folder or from this project's own files, with the files of its tokenizer.

import { CheckpointError } from "../../errors.ts";
import { bertParams } from "../../models/bert.ts";
import { type BertConfig, bertConfig } from "../../models/bert_config.ts";
import type { ParamSpec } from "../../nn/parameters.ts";
import { locate } from "../beit/locate.ts";
import { readBertConfig } from "../hf/mod.ts";
import { openCheckpoint } from "../mod.ts";
import { expectTensors, toBert } from "../names/mod.ts";
import type { CheckpointSource } from "../source.ts";

/** Where this project's files keep the configuration. */
export const bertMetadataKey = "bert", labelsMetadataKey = "labels";

/** A BERT with all its values on the host. */
export interface LoadedBert {
  file: string;
  config: BertConfig;
  /** Names of the classes, in their order; none of a model without classes. */
  labels: string[];
  /** By name; the first positions where the checkpoint has more. */
  values: Record<string, Float32Array>;
  /** The model's table with those values for start values, for `parameters()`. */
  table: Record<string, ParamSpec>;
  /** Texts of the tokenizer's files, of those that lie beside the weights. */
  tokenizer: Partial<Record<typeof tokenizerFiles[number], string>>;
}

export const tokenizerFiles = ["tokenizer.json", "vocab.txt", "tokenizer_config.json"] as const;

/** Heads that a published file may hold beside those its config.json names. */
const mayRemain = /^(cls|classifier|bert\.pooler)\./;

/**
 * A BERT's configuration and values: a folder, an address that ends with "/", or a file of weights (its config.json beside it, unless this
 * project wrote it). Throws CheckpointError where the configuration is missing, or the weights are not those it describes.
 *
 * ```ts
 * import { bertConfig, bertParams, initialValues, loadBert, saveHfBert } from "../../../mod.ts";
 * const config = bertConfig({ vocab: 50, dim: 16, depth: 1, heads: 2, positions: 8 }), folder = await Deno.makeTempDir();
 * const values = Object.entries(bertParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)]);
 * await saveHfBert(folder, config, Object.fromEntries(values));
 * console.assert((await loadBert(folder)).config.vocab === 50);
 * ```
 */
export async function loadBert(source: CheckpointSource): Promise<LoadedBert> {
  const { weights, beside } = await locate(source);
  await using opened = await openCheckpoint(weights);
  const { file } = opened, own = "metadata" in opened ? opened.metadata : {};
  const { config, labels } = own[bertMetadataKey] ? ownConfig(own, file) : readBertConfig(await configOf(beside, file));
  const params = bertParams(config), tensors = toBert(opened.tensors, file);
  expectTensors(tensors, { shapes: Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, shape])), mayRemain }, file);
  const values: Record<string, Float32Array> = {}, table: Record<string, ParamSpec> = {};
  for (const [name, spec] of Object.entries(params)) {
    values[name] = await tensors.get(name)!.readFloat32();
    table[name] = { ...spec, init: values[name] };
  }
  const tokenizer = Object.fromEntries(
    (await Promise.all(tokenizerFiles.map(async (name) => [name, await beside(name)] as const))).filter(([, text]) => text !== undefined),
  );
  return { file, config, labels, values, table, tokenizer };
}

async function configOf(beside: (name: string) => Promise<string | undefined>, file: string): Promise<string> {
  const json = await beside("config.json");
  if (json !== undefined) return json;
  throw new CheckpointError(
    `${file}: has no config.json beside it, and its metadata says no configuration; give the folder as it was published`,
  );
}

function ownConfig(metadata: Readonly<Record<string, string>>, file: string): { config: BertConfig; labels: string[] } {
  try {
    return { config: bertConfig(JSON.parse(metadata[bertMetadataKey]), file), labels: JSON.parse(metadata[labelsMetadataKey] ?? "[]") };
  } catch (error) {
    throw new CheckpointError(
      `${file}: the configuration in its metadata cannot be read (${(error as Error).message}); save the model again`,
    );
  }
}
