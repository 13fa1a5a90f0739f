// Weights of visual tokenizers: OpenAI's pickled modules encoder.pkl and decoder.pkl, torch state dicts of the customized dVAE, and this
// project's own safetensors files, which carry their configuration.

import { CheckpointError, RecipeError } from "../errors.ts";
import { tokenizer, type TokenizerConfig, tokenizerConfig } from "../models/tokenizer.ts";
import type { Checkpoint, StoredTensor } from "./checkpoint.ts";
import { fingerprint } from "./fingerprint.ts";
import { openCheckpoint } from "./mod.ts";
import { expectTensors } from "./names/expect_tensors.ts";
import { writeSafetensors } from "./safetensors_write.ts";
import type { CheckpointSource } from "./source.ts";

/** One file with everything, or the two of DALL-E; without a decoder pictures can be encoded only. */
export type TokenizerSource = CheckpointSource | { encoder: CheckpointSource; decoder?: CheckpointSource };

/** A tokenizer with all its values on the host. */
export interface TokenizerWeights {
  config: TokenizerConfig;
  /** Values by parameter name, as `tokenizer(config).params` names them. */
  weights: Record<string, Float32Array>;
  fingerprint: string;
  /** Whether the decoder is there. */
  decodes: boolean;
}

export interface ReadTokenizerOptions {
  /** What the weights must fit, where that is known before. */
  vocab?: number;
  scale?: number;
}

/** Key of the safetensors metadata under which the configuration is written, as JSON. */
const metadataKey = "tokenizer";

/**
 * Reads a tokenizer of any of these origins. Its sizes follow from the metadata, or else from the shapes.
 *
 * Throws CheckpointError when the tensors are no tokenizer's, do not fit each other, or have another vocabulary or scale than wanted.
 *
 * ```ts
 * import { initialValues, parameters } from "../nn/parameters.ts";
 * import { tokenizer, tokenizerConfig } from "../models/tokenizer.ts";
 * import { readTokenizer, withWeights, writeTokenizer } from "./tokenizer.ts";
 * const config = tokenizerConfig({ hidden: 8, initial: 4, groups: 2, blocks: 1, vocab: 16 }), path = await Deno.makeTempFile();
 * const made = Object.entries(tokenizer(config).params).map(([name, spec]) => [name, initialValues(name, spec, 0)]);
 * await writeTokenizer(path, config, Object.fromEntries(made));
 * const { weights } = await readTokenizer(path, { vocab: 16 }); // or { encoder: "encoder.pkl", decoder: "decoder.pkl" }
 * const p = parameters(withWeights(tokenizer(config).params, weights), { name: "tokenizer" });
 * console.assert(p["encoder.blocks.input.w"].shape[0] === 8);
 * ```
 */
export async function readTokenizer(source: TokenizerSource, options: ReadTokenizerOptions = {}): Promise<TokenizerWeights> {
  const parts = isPair(source) ? [["encoder.", source.encoder], ["decoder.", source.decoder]] as const : [["", source]] as const;
  const opened: { prefix: string; checkpoint: Checkpoint & { metadata?: Readonly<Record<string, string>> } }[] = [];
  try {
    for (const [prefix, part] of parts) if (part !== undefined) opened.push({ prefix, checkpoint: await openCheckpoint(part) });
    const file = opened.map(({ checkpoint }) => checkpoint.file).join(" and ");
    const stored = new Map(
      opened.flatMap(({ prefix, checkpoint }) => [...checkpoint.tensors].map(([name, tensor]) => [prefix + name, tensor] as const)),
    );
    const written = opened.map(({ checkpoint }) => checkpoint.metadata?.[metadataKey]).find((one) => one !== undefined);
    return await read(stored, written, file, options);
  } finally {
    for (const { checkpoint } of opened) await checkpoint.close();
  }
}

/** Judges the tensors, then reads their values. */
async function read(
  stored: ReadonlyMap<string, StoredTensor>,
  written: string | undefined,
  file: string,
  { vocab, scale }: ReadTokenizerOptions,
): Promise<TokenizerWeights> {
  const config = configured(written, stored, file), model = tokenizer(config);
  const decodes = [...stored.keys()].some((name) => name.startsWith("decoder."));
  const wanted = Object.entries(model.params).filter(([name]) => decodes || !name.startsWith("decoder."));
  expectTensors(stored, { shapes: Object.fromEntries(wanted.map(([name, { shape }]) => [name, shape])) }, file);
  if (vocab !== undefined && vocab !== model.vocab) {
    throw new CheckpointError(
      `${file}: has a vocabulary of ${model.vocab} tokens, ${vocab} are wanted; use the model of this vocabulary, or another tokenizer`,
    );
  }
  if (scale !== undefined && scale !== model.scale) {
    throw new CheckpointError(
      `${file}: a token stands for ${model.scale} pixels a side, ${scale} are wanted; change the size of the tokenizer's view`,
    );
  }
  const weights: Record<string, Float32Array> = {};
  for (const [name] of wanted) weights[name] = await stored.get(name)!.readFloat32();
  return { config, weights, fingerprint: fingerprint(config, Object.entries(weights)), decodes };
}

/**
 * Writes a tokenizer as safetensors, whole or not at all: names as published, the configuration in the metadata.
 *
 * ```ts
 * import { initialValues, readTokenizer, tokenizer, tokenizerConfig, writeTokenizer } from "../../mod.ts";
 * const config = tokenizerConfig({ hidden: 8, initial: 4, groups: 2, blocks: 1, vocab: 16 }), path = await Deno.makeTempFile();
 * const made = Object.entries(tokenizer(config).params).map(([name, spec]) => [name, initialValues(name, spec, 0)]);
 * await writeTokenizer(path, config, Object.fromEntries(made));
 * console.assert((await readTokenizer(path)).config.vocab === 16);
 * ```
 */
export async function writeTokenizer(
  path: string,
  config: TokenizerConfig,
  weights: Readonly<Record<string, Float32Array>>,
): Promise<void> {
  const { params } = tokenizer(config);
  const tensors = Object.entries(weights).map(([name, data]) => {
    if (!params[name]) throw new CheckpointError(`${path}: ${name} is no parameter of this tokenizer; give its own weights`);
    return [name, { shape: params[name].shape, data }] as const;
  });
  await writeSafetensors(path, Object.fromEntries(tensors), {
    [metadataKey]: JSON.stringify(config),
    fingerprint: fingerprint(config, Object.entries(weights)),
  });
}

/**
 * A table of parameters with given values for start values; parameters without one (a decoder that is not there) are left out.
 *
 * ```ts
 * import { parameters, withWeights } from "../../mod.ts";
 * const table = withWeights({ w: { shape: [2], init: 0 }, other: { shape: [1], init: 0 } }, { w: Float32Array.of(1, 2) });
 * console.assert(Object.keys(parameters(table)).join() === "w");
 * ```
 */
export function withWeights<Spec extends { shape: readonly number[]; init: unknown }>(
  table: Readonly<Record<string, Spec>>,
  weights: Readonly<Record<string, Float32Array>>,
): Record<string, Spec & { init: Float32Array }> {
  return Object.fromEntries(
    Object.entries(table).filter(([name]) => name in weights).map(([name, spec]) => [name, { ...spec, init: weights[name] }]),
  );
}

function isPair(source: TokenizerSource): source is { encoder: CheckpointSource; decoder?: CheckpointSource } {
  return typeof source === "object" && "encoder" in source;
}

function configured(written: string | undefined, shapes: ReadonlyMap<string, StoredTensor>, file: string): TokenizerConfig {
  try {
    return tokenizerConfig(written === undefined ? fromShapes(shapes, file) : JSON.parse(written), file);
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    const reason = error instanceof RecipeError ? error.message : `${file}: its configuration is not JSON`;
    throw new CheckpointError(`${reason}; write the file again`, { cause: error });
  }
}

/** The sizes that the shapes tell. */
function fromShapes(shapes: ReadonlyMap<string, StoredTensor>, file: string): unknown {
  const side = (name: string, axis: number) => shapes.get(name)?.shape[axis];
  const most = (pattern: RegExp) => Math.max(0, ...[...shapes.keys()].map((name) => Number(pattern.exec(name)?.[1] ?? 0)));
  if (shapes.has("encoder.blocks.input.w")) {
    return {
      form: "dalle",
      vocab: side("encoder.blocks.output.conv.w", 0),
      hidden: side("encoder.blocks.input.w", 0),
      initial: side("decoder.blocks.input.w", 0) ?? 128, // no decoder: never used
      groups: most(/^encoder\.blocks\.group_(\d+)\./),
      blocks: most(/^encoder\.blocks\.group_1\.block_(\d+)\./),
    };
  }
  if (shapes.has("codebook.weight")) {
    return {
      form: "customized",
      vocab: side("codebook.weight", 0),
      codebookDim: side("codebook.weight", 1),
      layers: most(/^encoder\.(\d+)\.weight$/) / (shapes.has("encoder.1.net.0.weight") ? 2 : 1),
      residual: shapes.has("encoder.1.net.0.weight"),
      hidden: side("encoder.0.0.weight", 0),
    };
  }
  const some = [...shapes.keys()].slice(0, 3).join(", ");
  throw new CheckpointError(
    `${file}: its ${shapes.size} names (${some}, ...) are no tokenizer's; give DALL-E's encoder.pkl and decoder.pkl, a customized dVAE, or a file of this program`,
  );
}
