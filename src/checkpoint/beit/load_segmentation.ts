// A BEiT with a UPerNet head from a Hugging Face folder, or from a file of the official code (mmsegmentation).

import { CheckpointError } from "../../errors.ts";
import type { BeitConfig } from "../../models/beit_config.ts";
import { beitParams } from "../../models/beit_params.ts";
import { officialTaps, type UpernetConfig, upernetConfig, upernetParams, upernetStatistics } from "../../models/upernet.ts";
import type { ParamSpec } from "../../nn/parameters.ts";
import { type Preprocessing, readHfConfig, readPreprocessor, upernetOf } from "../hf/mod.ts";
import { openCheckpoint } from "../mod.ts";
import { expectTensors, layoutOf, type StoredTensors, toOfficial } from "../names/mod.ts";
import type { CheckpointSource } from "../source.ts";
import { inferBeitConfig } from "./infer_config.ts";
import { locate } from "./locate.ts";
import { startingFrom } from "./open_beit.ts";

export interface LoadedSegmentation {
  /** Of the encoder, which has no head of its own. */
  config: BeitConfig;
  head: UpernetConfig;
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

/**
 * Loads a model for semantic segmentation. The taps are the official ones for official names, transformers' own for a Hugging Face
 * folder. Throws CheckpointError where tensors are missing, unexpected or misshapen, or there is no UPerNet head.
 */
export async function loadSegmentation(source: CheckpointSource): Promise<LoadedSegmentation> {
  const { weights, beside } = await locate(source);
  await using opened = await openCheckpoint(weights);
  const { file } = opened, tensors = toOfficial(opened.tensors, file);
  if (!tensors.has("decode_head.fpn_bottleneck.conv.weight")) {
    throw new CheckpointError(`${file}: has no decode_head.fpn_bottleneck.conv.weight; give a model with a UPerNet head`);
  }
  const described = layoutOf(opened.tensors, file) === "hf" ? await fromHf(beside, file) : fromShapes(tensors, file);
  const { config, head } = described, params = { ...beitParams(config), ...upernetParams(head) }, statistics = upernetStatistics(head);
  const wanted = Object.entries({ ...params, ...statistics });
  // A norm after the last block, and the counts of batches, are in some files and used by none.
  const mayRemain = /^(fc_)?norm\.|\.num_batches_tracked$/;
  expectTensors(tensors, { shapes: Object.fromEntries(wanted.map(([name, { shape }]) => [name, shape])), mayRemain }, file);
  const values: Record<string, Float32Array> = {};
  for (const [name] of wanted) values[name] = await tensors.get(name)!.readFloat32();
  return { ...described, table: startingFrom(params, values), statistics: startingFrom(statistics, values) };
}

type Described = Omit<LoadedSegmentation, "table" | "statistics">;

async function fromHf(beside: (name: string) => Promise<string | undefined>, file: string): Promise<Described> {
  const json = await beside("config.json"), preprocessor = await beside("preprocessor_config.json");
  if (json === undefined) throw new CheckpointError(`${file}: has no config.json beside it, which says the taps; give the whole folder`);
  const { config, labels, segmentation } = readHfConfig(json);
  if (!segmentation) throw new CheckpointError(`config.json: is of no model for segmentation, as ${file} is; give the folder as published`);
  return {
    config: { ...config, classes: undefined },
    head: upernetOf({ config, segmentation }),
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
  return { config: { ...config, classes: undefined }, head, labels: [], ignoreIndex: 255 };
}
