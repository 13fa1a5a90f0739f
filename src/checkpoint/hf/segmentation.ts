// The fields of config.json that describe the UPerNet head and the auxiliary head.

import type { BeitConfig } from "../../models/beit_config.ts";
import { type UpernetConfig, upernetConfig } from "../../models/upernet.ts";
import type { JsonFields } from "./json_fields.ts";

export interface Segmentation {
  /** Numbers of the four hidden states that the head looks at, as Hugging Face counts them: k is taken after block k - 1. */
  outIndices: number[];
  /** Sides of the pooled maps. */
  poolScales: number[];
  /** The head that helps training; null: there is none. */
  auxiliary: { channels: number; convolutions: number; concatInput: boolean; lossWeight: number } | null;
  /** Label of pixels that take no part in the loss. */
  ignoreIndex: number;
}

export function readSegmentation(fields: JsonFields): Segmentation {
  const auxiliary = {
    channels: fields.number("auxiliary_channels", 256),
    convolutions: fields.number("auxiliary_num_convs", 1),
    concatInput: fields.boolean("auxiliary_concat_input", false),
    lossWeight: fields.number("auxiliary_loss_weight", 0.4),
  };
  return {
    outIndices: fields.numbers("out_indices", [3, 5, 7, 11]),
    poolScales: fields.numbers("pool_scales", [1, 2, 3, 6]),
    auxiliary: fields.boolean("use_auxiliary_head", true) ? auxiliary : null,
    ignoreIndex: fields.number("semantic_loss_ignore_index", 255),
  };
}

export function segmentationFields(segmentation: Segmentation | undefined): Record<string, unknown> {
  if (!segmentation) return {};
  const { outIndices, poolScales, auxiliary, ignoreIndex } = segmentation;
  return {
    out_indices: outIndices,
    pool_scales: poolScales,
    use_auxiliary_head: auxiliary !== null,
    ...(auxiliary && {
      auxiliary_channels: auxiliary.channels,
      auxiliary_num_convs: auxiliary.convolutions,
      auxiliary_concat_input: auxiliary.concatInput,
      auxiliary_loss_weight: auxiliary.lossWeight,
    }),
    semantic_loss_ignore_index: ignoreIndex,
  };
}

/** The head's own configuration. Its taps are the blocks that transformers looks at, one before those that the official code does. */
export function upernetOf({ config, segmentation }: { config: BeitConfig; segmentation: Segmentation }): UpernetConfig {
  const { outIndices, poolScales, auxiliary } = segmentation;
  return upernetConfig(
    { dim: config.dim, classes: config.classes, taps: outIndices.map((k) => k - 1), poolScales, auxiliary },
    "config.json",
  );
}

/** What config.json says of a head. */
export function segmentationOf({ taps, poolScales, auxiliary }: UpernetConfig, ignoreIndex = 255): Segmentation {
  return { outIndices: taps.map((l) => l + 1), poolScales, auxiliary, ignoreIndex };
}
