// A BEiT for semantic segmentation: with a UPerNet head from a Hugging Face folder or a file of the official code (mmsegmentation), with
// either head from a file of this project, which carries its configuration.

import { CheckpointError } from "../../errors.ts";
import { type BeitConfig, beitConfig } from "../../models/beit_config.ts";
import { beitParams } from "../../models/beit_params.ts";
import { type SegmentationHead, segmentationHead, segmentationParams, segmentationStatistics } from "../../models/segmentation_head.ts";
import { officialTaps, upernetConfig } from "../../models/upernet.ts";
import type { ParamSpec } from "../../nn/parameters.ts";
import { type Preprocessing, readHfConfig, readPreprocessor, upernetOf } from "../hf/mod.ts";
import { openCheckpoint } from "../mod.ts";
import { expectTensors, layoutOf, type StoredTensors, toOfficial } from "../names/mod.ts";
import type { CheckpointSource } from "../source.ts";
import { inferBeitConfig } from "./infer_config.ts";
import { locate } from "./locate.ts";
import { metadataKey, startingFrom } from "./open_beit.ts";

/** An encoder with its head: configurations, and tables whose start values are the file's. */
export interface LoadedSegmentation {
  /** Of the encoder, which has no head of its own. */
  config: BeitConfig;
  head: SegmentationHead;
  /** Names of the classes, where the file says them. */
  labels: string[];
  /** Label of pixels that take no part in the loss. */
  ignoreIndex: number;
  preprocessing?: Preprocessing;
  /** Encoder and head with the file's values for start values, for `parameters()`. */
  table: Record<string, ParamSpec>;
  /** The running statistics, for `statistics()`. */
  statistics: Record<string, ParamSpec>;
}

/** Key of the safetensors metadata under which the head's configuration is written, as JSON; its classes' names beside it. */
export const segmentationKey = "segmentation", pixelClassesKey = "pixelClasses";

/**
 * Loads a model for semantic segmentation. The taps are the official ones for official names, transformers' own for a Hugging Face
 * folder. Throws CheckpointError where tensors are missing, unexpected or misshapen, or there is no head for it.
 *
 * ```ts
 * import { beitConfig, beitParams, CheckpointError, initialValues, loadSegmentation, saveBeit } from "../../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 });
 * const values = Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)]));
 * const path = await Deno.makeTempFile();
 * await saveBeit(path, config, values); // an encoder alone: there is no head to load
 * console.assert(await loadSegmentation(path).catch((error) => error) instanceof CheckpointError);
 * ```
 */
export async function loadSegmentation(source: CheckpointSource): Promise<LoadedSegmentation> {
  const { weights, beside } = await locate(source);
  await using opened = await openCheckpoint(weights);
  const { file } = opened, tensors = toOfficial(opened.tensors, file);
  const described = await describe("metadata" in opened ? opened.metadata : {});
  const { config, head } = described,
    params = { ...beitParams(config), ...segmentationParams(head) },
    statistics = segmentationStatistics(head);
  const wanted = Object.entries({ ...params, ...statistics });
  // A norm after the last block, and the counts of batches, are in some files and used by none.
  const mayRemain = /^(fc_)?norm\.|\.num_batches_tracked$/;
  expectTensors(tensors, { shapes: Object.fromEntries(wanted.map(([name, { shape }]) => [name, shape])), mayRemain }, file);
  const values: Record<string, Float32Array> = {};
  for (const [name] of wanted) values[name] = await tensors.get(name)!.readFloat32();
  return { ...described, table: startingFrom(params, values), statistics: startingFrom(statistics, values) };

  async function describe(metadata: Readonly<Record<string, string>>): Promise<Described> {
    if (metadata[segmentationKey] && metadata[metadataKey]) return fromMetadata(metadata, file);
    if (!tensors.has("decode_head.fpn_bottleneck.conv.weight")) {
      throw new CheckpointError(`${file}: has no decode_head.fpn_bottleneck.conv.weight; give a model with a UPerNet head`);
    }
    return layoutOf(opened.tensors, file) === "hf" ? await fromHf(beside, file) : fromShapes(tensors, file);
  }
}

type Described = Omit<LoadedSegmentation, "table" | "statistics">;

/** This project's own files say what they hold. */
function fromMetadata(metadata: Readonly<Record<string, string>>, file: string): Described {
  try {
    return {
      config: beitConfig(JSON.parse(metadata[metadataKey]), file),
      head: segmentationHead(JSON.parse(metadata[segmentationKey]), file),
      labels: texts(JSON.parse(metadata[pixelClassesKey] ?? "[]")),
      ignoreIndex: 255,
    };
  } catch (error) {
    throw new CheckpointError(`${file}: its configuration cannot be read (${(error as Error).message}); write the file again`, {
      cause: error,
    });
  }
}

function texts(value: unknown): string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw new CheckpointError("the names of its classes are no list of texts");
}

async function fromHf(beside: (name: string) => Promise<string | undefined>, file: string): Promise<Described> {
  const json = await beside("config.json"), preprocessor = await beside("preprocessor_config.json");
  if (json === undefined) throw new CheckpointError(`${file}: has no config.json beside it, which says the taps; give the whole folder`);
  const { config, labels, segmentation } = readHfConfig(json);
  if (!segmentation) throw new CheckpointError(`config.json: is of no model for segmentation, as ${file} is; give the folder as published`);
  return {
    config: { ...config, classes: undefined },
    head: { kind: "upernet", ...upernetOf({ config, segmentation }) },
    labels,
    ignoreIndex: segmentation.ignoreIndex,
    preprocessing: preprocessor === undefined ? undefined : readPreprocessor(preprocessor),
  };
}

/** The official files say nothing of themselves: sizes follow from shapes, the rest is as published. */
function fromShapes(tensors: StoredTensors, file: string): Described {
  const config = inferBeitConfig(tensors, {}, file),
    count = (pattern: RegExp) => [...tensors.keys()].filter((name) => pattern.test(name)).length;
  const [classes, channels] = tensors.get("decode_head.conv_seg.weight")?.shape ?? [],
    helping = tensors.get("auxiliary_head.conv_seg.weight");
  const pooled = count(/^decode_head\.psp_modules\.\d+\.1\.conv\.weight$/);
  if (pooled !== 4) throw new CheckpointError(`${file}: pools to ${pooled} sizes, the official head to 4; give one of its checkpoints`);
  const auxiliary = helping && {
    channels: helping.shape[1],
    convolutions: count(/^auxiliary_head\.convs\.\d+\.conv\.weight$/),
    concatInput: tensors.has("auxiliary_head.conv_cat.conv.weight"),
  };
  const head = upernetConfig({ dim: config.dim, classes, channels, taps: officialTaps(config.depth), auxiliary: auxiliary ?? null }, file);
  return { config: { ...config, classes: undefined }, head: { kind: "upernet", ...head }, labels: [], ignoreIndex: 255 };
}
