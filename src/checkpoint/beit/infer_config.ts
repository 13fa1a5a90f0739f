// The configuration of a BEiT from the names and shapes of its tensors, where nothing beside the file says it.

import { CheckpointError } from "../../errors.ts";
import { type BeitConfig, beitConfig, type BeitOptions } from "../../models/beit_config.ts";
import type { StoredTensors } from "../names/mod.ts";

/**
 * The configuration that officially named tensors fit. Sizes follow from shapes; the window is taken for a square one. Heads are the
 * columns of a bias table, or else as wide as the published ones, 64 channels. What shapes cannot tell (drop path, start values) has its
 * default. `known` fields are taken as they are.
 *
 * Throws CheckpointError when the tensors are no BEiT's, or leave the heads open.
 */
export function inferBeitConfig(tensors: StoredTensors, known: Partial<BeitOptions> = {}, file = "checkpoint"): BeitConfig {
  const side = (name: string, axis: number): number | undefined => tensors.get(name)?.shape[axis];
  const [dim, channels, patchSize] = tensors.get("patch_embed.proj.weight")?.shape ?? [];
  const depth = blocksOf(tensors, "blocks"), hidden = side("blocks.0.mlp.fc1.weight", 0);
  if (!patchSize || !depth || !hidden) {
    throw new CheckpointError(
      `${file}: has no ${
        !patchSize ? "patch_embed.proj.weight (C, channels, p, p)" : "blocks.0.mlp.fc1.weight"
      }; give the weights of a BEiT`,
    );
  }
  const tables = {
    shared: "rel_pos_bias.relative_position_bias_table",
    "per-block": "blocks.0.attn.relative_position_bias_table",
  } as const;
  const relativePositions = (["per-block", "shared"] as const).find((kind) => tensors.has(tables[kind])) ?? "none";
  const bias = relativePositions === "none" ? undefined : tensors.get(tables[relativePositions])!.shape;
  const heads = known.heads ?? bias?.[1] ?? dim / 64;
  if (!Number.isInteger(heads)) {
    throw new CheckpointError(`${file}: its shapes do not tell the number of heads of ${dim} channels; give it, as heads`);
  }
  const grid = bias ? (Math.sqrt(bias[0] - 3) + 1) / 2 : tensors.has("pos_embed") ? Math.sqrt(side("pos_embed", 1)! - 1) : 224 / patchSize;
  if (!Number.isInteger(grid) && !known.imageSize) {
    throw new CheckpointError(
      `${file}: its ${bias ? `${bias[0]} relative` : `${side("pos_embed", 1)}`} positions are not a square's; give imageSize`,
    );
  }
  const aggregated = blocksOf(tensors, "cls_pt_layers");
  return beitConfig({
    imageSize: grid * patchSize,
    patchSize,
    channels,
    dim,
    depth,
    heads,
    mlpRatio: hidden / dim,
    absolutePositions: tensors.has("pos_embed"),
    relativePositions,
    layerScale: tensors.has("blocks.0.gamma_1") ? dim >= 1024 ? 1e-5 : 0.1 : null, // the authors' start values
    pooling: !tensors.has("fc_norm.weight") && tensors.has("head.weight") ? "class-token" : "mean",
    targets: tensors.has("pixel_head.weight") ? "pixels" : "tokens",
    vocab: side("lm_head.weight", 0),
    classes: side("head.weight", 0),
    // Which early block it was is not to be seen; the published ones are 9 of 12 and 21 of 24.
    aggregation: aggregated
      ? { earlyBlock: Math.max(1, depth - 3), blocks: aggregated, sharedHead: !tensors.has("cls_pt_lm_head.weight") }
      : null,
    ...known,
  }, file);
}

function blocksOf(tensors: StoredTensors, list: string): number {
  let count = 0;
  while (tensors.has(`${list}.${count}.norm1.weight`)) count++;
  return count;
}
