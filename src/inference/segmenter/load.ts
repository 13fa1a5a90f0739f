// Where a model for segmentation comes from, and what its pictures need.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type LoadedSegmentation, loadSegmentation } from "../../checkpoint/beit/mod.ts";
import type { Filter } from "../../data/resize.ts";
import { CheckpointError } from "../../errors.ts";
import type { Recipe } from "../../train/recipe.ts";
import { factsFile, modelFile, readCheckpointFacts } from "../../train/run/checkpoint.ts";
import { Run } from "../../train/run.ts";

type Rgb = readonly [number, number, number];

export interface SegmentationParts extends Pick<LoadedSegmentation, "config" | "head" | "labels" | "table" | "statistics"> {
  mean: Rgb;
  std: Rgb;
  filter: Filter;
}

/**
 * Loads `source`: the folder of a run that was fine-tuned for segmentation or of one of its checkpoints, a Hugging Face folder, a file of
 * the official code; an address of the last two. @throws CheckpointError
 */
export async function loadSegmentationParts(source: string): Promise<SegmentationParts> {
  if (existsSync(join(source, "recipe.json"))) {
    const trained = Run.open(source).checkpoints().findLast(({ model }) => model.kind === "segmentation");
    if (!trained) throw new CheckpointError(`${source}: has no checkpoint of a model for segmentation yet; fine-tune for it`);
    return await loadSegmentationParts(trained.path);
  }
  if (existsSync(join(source, factsFile))) {
    const { recipe } = readCheckpointFacts(source), { mean, std } = (recipe as Recipe).data;
    return { ...await loadSegmentation(join(source, modelFile)), mean: mean as Rgb, std: std as Rgb, filter: "bicubic" }; // as it was trained
  }
  const loaded = await loadSegmentation(source), { preprocessing: steps } = loaded;
  if (!steps) return { ...loaded, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], filter: "bilinear" }; // mmsegmentation's
  const { filter, mean, std } = steps;
  if (filter === "nearest" || filter === "hamming") {
    throw new CheckpointError(
      `${source}: its pictures are resized by the filter ${filter}; change resample in its preprocessor_config.json`,
    );
  }
  return { ...loaded, mean: mean as unknown as Rgb, std: std as unknown as Rgb, filter };
}
