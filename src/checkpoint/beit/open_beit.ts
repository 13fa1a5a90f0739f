// A BEiT from any of its published forms: official .pth, timm, Hugging Face's folder or bare file, this project's safetensors.

import { CheckpointError, RecipeError } from "../../errors.ts";
import { beitParams } from "../../models/beit_params.ts";
import { type BeitConfig, beitConfig, type BeitOptions, isMasked, windowOf } from "../../models/beit_config.ts";
import type { Window } from "../../models/relative_position.ts";
import type { ParamSpec } from "../../nn/parameters.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { type HfModel, type Preprocessing, readHfConfig, readPreprocessor } from "../hf/mod.ts";
import { openCheckpoint } from "../mod.ts";
import { expectTensors, fitPositions, layoutOf, type StoredTensors, toOfficial } from "../names/mod.ts";
import type { CheckpointSource } from "../source.ts";
import { inferBeitConfig } from "./infer_config.ts";
import { locate } from "./locate.ts";

/** What the model shall be where the file says something else, or nothing. */
export interface OpenBeitOptions {
  /**
   * What the model shall be where it differs from the one that was saved: `{ classes: 10, vocab: undefined, relativePositions:
   * "per-block", imageSize: 384 }` makes a fine-tuned one out of a pre-trained one. Its positions are fitted, new heads start anew.
   */
  model?: Partial<BeitOptions>;
  /** Fields that neither the file nor its shapes tell, such as `heads` of a model without relative positions. */
  known?: Partial<BeitOptions>;
}

/** Key of the safetensors metadata under which the configuration is written, as JSON. */
export const metadataKey = "beit";

/** An open checkpoint of a BEiT: tensors by official name, as the model of `config` wants them, read when asked for. */
export class BeitCheckpoint {
  constructor(
    readonly file: string,
    readonly config: BeitConfig,
    readonly tensors: StoredTensors,
    /** Names of parameters that the file does not have: new heads, which start anew. */
    readonly fresh: readonly string[],
    /** Names of classes, and what happens to pictures, where the file says so. */
    readonly labels: readonly string[],
    readonly preprocessing: Preprocessing | undefined,
    /** The heads for segmentation of a Hugging Face model; their tensors are in `tensors`. */
    readonly segmentation: HfModel["segmentation"],
    private readonly checkpoint: Checkpoint,
  ) {}

  /** Every value that the model needs and the file has. */
  async values(): Promise<Record<string, Float32Array>> {
    const wanted = Object.keys(beitParams(this.config)).filter((name) => this.tensors.has(name)), values: Record<string, Float32Array> = {};
    for (const name of wanted) values[name] = await this.tensors.get(name)!.readFloat32();
    return values;
  }

  /**
   * Writes the values into the states of a program, each read when its turn comes: the host never holds more than one tensor. `params`
   * are the model's tensors, made by `parameters(table, { blank: true })`.
   */
  async writeTo(program: { write(values: Record<string, Float32Array>): void }, params: Readonly<Record<string, unknown>>): Promise<void> {
    for (const name of Object.keys(params)) {
      const tensor = this.tensors.get(name);
      if (tensor) program.write({ [name]: await tensor.readFloat32() });
    }
  }

  close(): Promise<void> {
    return this.checkpoint.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens a checkpoint and judges it whole before any value is read. The configuration comes from the file's own metadata, from a
 * config.json beside it (Hugging Face), or from shapes.
 *
 * Throws CheckpointError when the tensors are no BEiT's, or not those of its configuration: missing, unexpected and misshapen names are
 * counted and the first three of each listed.
 *
 * ```ts
 * import { beitConfig, beitParams, initialValues, openBeit, saveBeit } from "../../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 }), path = await Deno.makeTempFile();
 * await saveBeit(path, config, Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)])));
 * await using larger = await openBeit(path, { model: { imageSize: 64, classes: 3 } }); // positions are fitted, the head starts anew
 * console.assert(larger.fresh.includes("head.weight") && !larger.fresh.includes("cls_token"));
 * ```
 */
export async function openBeit(source: CheckpointSource, { model = {}, known = {} }: OpenBeitOptions = {}): Promise<BeitCheckpoint> {
  const { weights, beside } = await locate(source), checkpoint = await openCheckpoint(weights);
  try {
    const file = checkpoint.file, official = toOfficial(checkpoint.tensors, file);
    const saved = await described(checkpoint, official, beside, known), { config } = saved;
    const own = beitParams(config);
    expectTensors(official, { shapes: shapesOf(own), mayRemain: saved.mayRemain }, file);
    const wanted = beitConfig({ ...config, ...model }, file), table = beitParams(wanted);
    const kept = new Map([...official].filter(([name]) => !isReplaced(name, config, wanted)));
    const fitted = fitPositions(kept, wanted, { from: windowOf(config) as Window, file });
    expectTensors(fitted, {
      shapes: shapesOf(table),
      mayMiss: anyOf(Object.keys(table).filter((name) => isReplaced(name, config, wanted) || (!(name in own) && startsAnew.test(name)))),
      mayRemain: /./,
    }, file);
    const fresh = Object.keys(table).filter((name) => !fitted.has(name));
    const preprocessor = saved.hf && await beside("preprocessor_config.json");
    const preprocessing = preprocessor ? readPreprocessor(preprocessor) : undefined;
    if (preprocessing && preprocessing.mean.length !== wanted.channels) {
      throw new CheckpointError(
        `preprocessor_config.json: image_mean has ${preprocessing.mean.length} channels, ${file} takes ${wanted.channels}; give the folder as published`,
      );
    }
    const labels = wanted.classes === config.classes ? saved.hf?.labels ?? [] : [];
    return new BeitCheckpoint(file, wanted, fitted, fresh, labels, preprocessing, saved.hf?.segmentation, checkpoint);
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/** A BEiT with all its values on the host. */
export interface LoadedBeit extends Pick<BeitCheckpoint, "file" | "config" | "fresh" | "labels" | "preprocessing" | "segmentation"> {
  /** By official name; new heads have none. */
  values: Record<string, Float32Array>;
  /** The model's table with those values for start values, for `parameters()`. */
  table: Record<string, ParamSpec>;
}

/**
 * A BEiT's configuration and values in one call, from any published form. Throws as `openBeit`.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, initialValues, input, loadBeit, parameters, saveBeit } from "../../../mod.ts";
 * const tiny = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 }), path = await Deno.makeTempFile();
 * await saveBeit(path, tiny, Object.fromEntries(Object.entries(beitParams(tiny)).map(([name, spec]) => [name, initialValues(name, spec, 0)])));
 * const { config, table } = await loadBeit(path); // or beit_base_patch16_224_pt22k.pth, a folder, an address, bytes
 * console.assert(beit(parameters(table), input("pictures", [2, 3, 32, 32]), config).blocks.length === 2);
 * ```
 */
export async function loadBeit(source: CheckpointSource, options?: OpenBeitOptions): Promise<LoadedBeit> {
  await using opened = await openBeit(source, options);
  const { file, config, fresh, labels, preprocessing, segmentation } = opened, values = await opened.values();
  return { file, config, fresh, labels, preprocessing, segmentation, values, table: startingFrom(beitParams(config), values) };
}

/** A table of parameters whose start values are given ones, where there are any. */
export function startingFrom(table: Record<string, ParamSpec>, values: Readonly<Record<string, Float32Array>>): Record<string, ParamSpec> {
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, { ...spec, init: values[name] ?? spec.init }]));
}

interface Described {
  config: BeitConfig;
  hf?: HfModel;
  /** What the file may hold beside the encoder's own. */
  mayRemain?: RegExp;
}

async function described(
  checkpoint: Checkpoint & { metadata?: Readonly<Record<string, string>> },
  official: StoredTensors,
  beside: (name: string) => Promise<string | undefined>,
  known: Partial<BeitOptions>,
): Promise<Described> {
  const { file, metadata } = checkpoint, written = metadata?.[metadataKey];
  if (written !== undefined) {
    // A file of segmentation has the encoder beside its head.
    return { config: parsed(written, file), ...metadata?.segmentation !== undefined && { mayRemain: segmentationHead } };
  }
  if (layoutOf(checkpoint.tensors, file) === "official") return bare(inferBeitConfig(official, known, file));
  const json = await beside("config.json");
  if (json === undefined) return bare(inferBeitConfig(official, { normEps: 1e-12, ...known }, file));
  const hf = readHfConfig(json);
  if (!hf.segmentation) return { ...bare(hf.config), hf };
  return { config: { ...hf.config, classes: undefined }, hf, mayRemain: segmentationHead };
}

const segmentationHead = /^(fpn\d|decode_head|auxiliary_head|norm|fc_norm)\./;

/** An encoder without heads may have a norm after pooling, and a mask token: other programs save theirs with them. */
function bare(config: BeitConfig): Described {
  return isMasked(config) || config.classes ? { config } : { config, mayRemain: /^(norm\.|fc_norm\.|mask_token$)/ };
}

function parsed(written: string, file: string): BeitConfig {
  try {
    return beitConfig(JSON.parse(written), file);
  } catch (error) {
    const reason = error instanceof RecipeError ? error.message : `${file}: its configuration is not JSON`;
    throw new CheckpointError(`${reason}; write the file again`, { cause: error });
  }
}

/** What a model may have that the saved one has not; an encoder must be whole. */
const startsAnew = /^(mask_token$|(fc_|cls_pt_)?norm\.|head\.|(cls_pt_)?lm_head\.|pixel_head\.|cls_pt_layers\.)/;

/** Whether a head is of no use to the wanted model, since it tells apart another number of things. */
function isReplaced(name: string, saved: BeitConfig, wanted: BeitConfig): boolean {
  return (/^head\./.test(name) && saved.classes !== wanted.classes) || (/^(cls_pt_)?lm_head\./.test(name) && saved.vocab !== wanted.vocab);
}

const shapesOf = (table: Record<string, ParamSpec>) => Object.fromEntries(Object.entries(table).map(([name, { shape }]) => [name, shape]));

const anyOf = (names: string[]) => new RegExp(`^(${names.map((name) => name.replaceAll(".", "\\.")).join("|")})$`);
