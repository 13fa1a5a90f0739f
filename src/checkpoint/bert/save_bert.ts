// A BERT as a folder that Hugging Face transformers opens.

import { bertParams } from "../../models/bert.ts";
import type { BertConfig } from "../../models/bert_config.ts";
import { atomicWrite } from "../atomic_write.ts";
import { hfBertConfig } from "../hf/mod.ts";
import { asInputs, asStored, expectTensors, fromBert } from "../names/mod.ts";
import { writeSafetensors } from "../safetensors_write.ts";

export interface SaveBertOptions {
  /** Names of the classes, in their order. */
  labels?: string[];
  /** The tokenizer's files: name → text. */
  tokenizer?: Readonly<Record<string, string>>;
}

/**
 * Writes model.safetensors, config.json and the tokenizer's files. Throws CheckpointError for values that are not the model's, and for a
 * model
 * that transformers has no class for.
 *
 * ```ts
 * import { bertConfig, bertParams, initialValues, saveHfBert } from "../../../mod.ts";
 * const config = bertConfig({ vocab: 50, dim: 16, depth: 1, heads: 2, positions: 8 }), folder = await Deno.makeTempDir();
 * const values = Object.entries(bertParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)]);
 * await saveHfBert(folder, config, Object.fromEntries(values));
 * console.assert(JSON.parse(await Deno.readTextFile(folder + "/config.json")).vocab_size === 50);
 * ```
 */
export async function saveHfBert(
  folder: string,
  config: BertConfig,
  values: Readonly<Record<string, Float32Array>>,
  { labels = [], tokenizer = {} }: SaveBertOptions = {},
): Promise<void> {
  const json = hfBertConfig({ config, labels }),
    shapes = Object.fromEntries(Object.entries(bertParams(config)).map(([name, { shape }]) => [name, shape]));
  const tensors = asStored(
    Object.fromEntries(Object.entries(values).map(([name, data]) => [name, { shape: shapes[name] ?? [data.length], data }])),
    folder,
  );
  expectTensors(tensors, { shapes }, folder);
  const { mkdir } = await import("node:fs/promises"), { join } = await import("node:path"); // not at import time: browsers have neither
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, "model.safetensors"), asInputs(fromBert(tensors, folder)), { format: "pt" });
  for (const [name, text] of Object.entries({ ...tokenizer, "config.json": `${JSON.stringify(json, null, 2)}\n` })) {
    await atomicWrite(join(folder, name), [new TextEncoder().encode(text)]);
  }
}
