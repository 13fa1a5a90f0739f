// A model out of a run of this program, or out of one of its checkpoints.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { loadBeit } from "../checkpoint/beit/mod.ts";
import { embedderFile, readEmbedder } from "../checkpoint/embedder.ts";
import { readTokenizer } from "../checkpoint/tokenizer.ts";
import { CheckpointError } from "../errors.ts";
import type { Recipe } from "../train/recipe.ts";
import { factsFile, modelFile, readCheckpointFacts, type SavedCheckpoint } from "../train/run/checkpoint.ts";
import { Run } from "../train/run.ts";
import { tokenizerImageSize } from "../train/stages/tokenizer.ts";
import { type Encoder, encoderOf, fitting, numbered, type Parts, type Rgb } from "./parts.ts";

/** Undefined where `source` is neither. @throws CheckpointError where there is nothing in it yet, or something damaged. */
export async function loadRun(source: string): Promise<Parts | undefined> {
  if (existsSync(join(source, "recipe.json"))) return await fromRun(source, Run.open(source).checkpoints());
  if (existsSync(join(source, factsFile))) return await fromCheckpoint(source);
}

async function fromCheckpoint(source: string): Promise<Parts> {
  const facts = readCheckpointFacts(source), run = dirname(dirname(resolve(source)));
  // The tokenizer that its tokens mean something to is another checkpoint of the same run.
  const others = existsSync(join(run, "recipe.json")) ? Run.open(run).checkpoints().filter(({ stage }) => stage === "tokenizer") : [];
  return { ...await fromRun(run, facts.stage === "tokenizer" ? [facts] : [...others, facts]), source };
}

async function fromRun(source: string, checkpoints: SavedCheckpoint[]): Promise<Parts> {
  const newest = (stage: string) => checkpoints.findLast((one) => one.stage === stage);
  const pretrained = newest("pretrain"), tuned = newest("finetune"), trained = newest("tokenizer");
  const parts: Parts = { source };
  if (pretrained) parts.encoder = await savedEncoder(pretrained);
  if (tuned?.model.kind === "beit") parts.classifier = classesOf(tuned, await savedEncoder(tuned));
  parts.encoder ??= parts.classifier ?? (tuned && await savedEncoder(tuned)); // of a model for segmentation, the encoder is served
  if (trained) {
    parts.tokenizer = await readTokenizer(join(trained.path, modelFile));
    parts.tokenizerImageSize = tokenizerImageSize(trained.recipe as Recipe);
  }
  if (!parts.encoder && !parts.tokenizer) {
    throw new CheckpointError(`${source}: has no checkpoint of a tokenizer or an encoder yet; let it train to its first checkpoint`);
  }
  const embedder = join(source, embedderFile);
  if (parts.encoder && existsSync(embedder)) {
    const settings = await readEmbedder(embedder);
    // A run may have fitted it on another run's encoder, or trained on since: then its vectors are the plain ones.
    if (settings.encoder === parts.encoder.fingerprint) parts.embedder = fitting(settings, parts.encoder, embedder);
  }
  return parts;
}

async function savedEncoder({ path, recipe }: SavedCheckpoint): Promise<Encoder> {
  const { data: { mean, std } } = recipe as Recipe;
  return encoderOf(await loadBeit(join(path, modelFile)), { mean: mean as Rgb, std: std as Rgb });
}

function classesOf({ model }: SavedCheckpoint, tuned: Encoder): Parts["classifier"] {
  return { ...tuned, classes: model.classes ?? numbered(tuned.config.classes ?? 0) };
}
