// Where a model of texts comes from: a run on texts, one of its checkpoints, a Hugging Face folder, a file, an address.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { locate } from "../checkpoint/beit/locate.ts";
import { bertMetadataKey } from "../checkpoint/bert/mod.ts";
import { openCheckpoint } from "../checkpoint/mod.ts";
import { CheckpointError } from "../errors.ts";
import { isTextRecipe } from "../train/modality.ts";
import { factsFile, readCheckpointFacts, type SavedCheckpoint } from "../train/run/checkpoint.ts";
import { Run } from "../train/run.ts";
import { readText, type TextWeights } from "./text_model.ts";

/** What of a model of texts was found. The classifier may be the encoder itself. */
export interface TextParts {
  source: string;
  encoder: TextWeights;
  classifier?: TextWeights;
}

/**
 * Loads `source` if it is a model of texts, undefined if it is anything else, or nothing. Of a run that is its newest pre-trained encoder
 * with the best of its fine-tuned classifiers.
 *
 * @throws CheckpointError, DataError naming what is missing or does not fit.
 */
export async function loadTextParts(source: string): Promise<TextParts | undefined> {
  if (existsSync(join(source, "recipe.json"))) {
    const run = Run.open(source);
    return isTextRecipe(run.recipe) ? await fromRun(source, run.checkpoints()) : undefined;
  }
  if (existsSync(join(source, factsFile))) {
    return readCheckpointFacts(source).model.kind === "bert" ? parts(source, await readText(source)) : undefined;
  }
  return await isBert(source) ? parts(source, await readText(source)) : undefined;
}

async function fromRun(source: string, all: SavedCheckpoint[]): Promise<TextParts> {
  // What was saved between two measurements has no tokenizer beside it.
  const usable = all.filter(({ path }) => existsSync(join(path, "tokenizer.json")));
  const pretrained = usable.findLast(({ stage }) => stage === "pretrain");
  const tuned = usable.filter(({ stage }) => stage === "finetune")
    .reduce<SavedCheckpoint | undefined>((a, b) => a && (a.score ?? -Infinity) > (b.score ?? -Infinity) ? a : b, undefined);
  if (!pretrained && !tuned) {
    throw new CheckpointError(`${source}: has no checkpoint with a tokenizer yet; let it train to its first measured checkpoint`);
  }
  const classifier = tuned && await readText(tuned.path), encoder = pretrained && await readText(pretrained.path);
  return { source, encoder: encoder ?? classifier!, classifier };
}

function parts(source: string, encoder: TextWeights): TextParts {
  return { source, encoder, ...encoder.config.classes && { classifier: encoder } };
}

/** By its configuration, so that a BERT that is broken is told as one. */
async function isBert(source: string): Promise<boolean> {
  try {
    const { weights, beside } = await locate(source), config = await beside("config.json");
    if (config !== undefined) return JSON.parse(config).model_type === "bert";
    if (!/\.safetensors$/.test(String(weights))) return false;
    await using opened = await openCheckpoint(weights);
    return "metadata" in opened && bertMetadataKey in opened.metadata;
  } catch {
    return false; // whoever reads it as something else says why it cannot be read
  }
}
