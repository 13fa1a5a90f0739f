// Where a model comes from: a run of this program, one of its checkpoints, a published file or folder, an address.

import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { loadBeit, type LoadedBeit } from "../checkpoint/beit/mod.ts";
import { embedderFile, type EmbedderSettings, readEmbedder } from "../checkpoint/embedder.ts";
import { fingerprint } from "../checkpoint/fingerprint.ts";
import { readTokenizer, type TokenizerWeights } from "../checkpoint/tokenizer.ts";
import { publishedCropShare } from "../data/augment/evaluation.ts";
import { CheckpointError } from "../errors.ts";
import type { View } from "./types.ts";
import type { Recipe } from "../train/recipe.ts";
import { factsFile, modelFile, readCheckpointFacts, type SavedCheckpoint } from "../train/run/checkpoint.ts";
import { Run } from "../train/run.ts";

type Rgb = readonly [number, number, number];

/** A BEiT with what its pictures need. */
export interface Encoder extends Pick<LoadedBeit, "config" | "table" | "file"> {
  view: View;
  mean: Rgb;
  std: Rgb;
  /** Of configuration and weights. */
  fingerprint: string;
}

/** What of a model was found; at least one of the first three. */
export interface Parts {
  source: string;
  encoder?: Encoder;
  tokenizer?: TokenizerWeights;
  /** A fine-tuned encoder of its own, and the names of its classes. */
  classifier?: Encoder & { classes: string[] };
  embedder?: EmbedderSettings;
}

/**
 * Loads `source`: the folder of a run (its newest pre-trained encoder with the tokenizer, the embedder and the classifier that belong to
 * it) or of one of its checkpoints; a safetensors or .pth file; a Hugging Face folder; an address of these; DALL-E's tokenizer as
 * "encoder.pkl,decoder.pkl". Beside weights may stand an embedder, in their folder also a tokenizer.safetensors.
 *
 * @throws CheckpointError, RecipeError naming what is missing or does not fit.
 */
export async function loadParts(source: string): Promise<Parts> {
  if (source.includes(",")) {
    const [encoder, decoder] = source.split(",");
    return { source, tokenizer: await readTokenizer({ encoder, decoder }) };
  }
  if (existsSync(join(source, "recipe.json"))) return await fromRun(source, Run.open(source).checkpoints());
  if (existsSync(join(source, factsFile))) return await fromCheckpoint(source);
  return await fromElsewhere(source);
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
  if (pretrained) parts.encoder = await encoderOf(pretrained);
  if (tuned?.model.kind === "beit") parts.classifier = classesOf(tuned, await encoderOf(tuned));
  parts.encoder ??= parts.classifier ?? (tuned && await encoderOf(tuned)); // of a model for segmentation, the encoder is served
  if (trained) parts.tokenizer = await readTokenizer(join(trained.path, modelFile));
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

async function encoderOf({ path, recipe }: SavedCheckpoint): Promise<Encoder> {
  const { data: { mean, std } } = recipe as Recipe;
  return encoder(await loadBeit(join(path, modelFile)), { mean: mean as Rgb, std: std as Rgb });
}

function classesOf({ model }: SavedCheckpoint, tuned: Encoder): Parts["classifier"] {
  return { ...tuned, classes: model.classes ?? numbered(tuned.config.classes ?? 0) };
}

async function fromElsewhere(source: string): Promise<Parts> {
  const loaded = await loadBeit(source).catch(async (error: Error) => {
    if (!(error instanceof CheckpointError)) throw error;
    // The two kinds of files look alike from outside: whoever reads it decides.
    const tokenizer = await readTokenizer(source).catch(() => undefined);
    if (!tokenizer) throw error;
    return tokenizer;
  });
  if ("weights" in loaded) return { source, tokenizer: loaded };
  const { preprocessing: steps } = loaded;
  const found = encoder(loaded, steps && { mean: steps.mean as unknown as Rgb, std: steps.std as unknown as Rgb });
  if (steps?.resize) {
    const { filter } = steps;
    if (filter === "nearest" || filter === "hamming") {
      throw new CheckpointError(
        `${source}: its pictures are resized by the filter ${filter}, which is not served; change resample in its preprocessor_config.json`,
      );
    }
    found.view.filter = filter;
    found.view.share = steps.crop ? steps.crop[0] / steps.resize[0] : 1;
  }
  const parts: Parts = { source, encoder: found };
  if (loaded.config.classes) {
    parts.classifier = { ...found, classes: loaded.labels.length ? [...loaded.labels] : numbered(loaded.config.classes) };
  }
  const embedder = await beside(source, embedderFile, readEmbedder);
  if (embedder) parts.embedder = fitting(embedder, found, `${source}: ${embedderFile}`);
  if (isFolder(source)) parts.tokenizer = await beside(source, tokenizerFile, readTokenizer);
  return parts;
}

/** Half and half is what the published weights were trained on. */
function encoder({ config, table, file, values }: LoadedBeit, { mean, std }: { mean: Rgb; std: Rgb } = { mean: half, std: half }): Encoder {
  const size = typeof config.imageSize === "number" ? config.imageSize : config.imageSize[0];
  if (typeof config.imageSize !== "number" && config.imageSize[1] !== size) {
    throw new CheckpointError(`${file}: its pictures are ${config.imageSize[1]} x ${size}; only square ones are served`);
  }
  if (config.channels !== 3) {
    throw new CheckpointError(`${file}: its pictures have ${config.channels} channels; only those of three are served`);
  }
  // Pictures that are small already lose nothing at their edges, as in training.
  const view: View = { size, filter: "bicubic", share: size < 128 ? 1 : publishedCropShare(size) };
  return { config, table, file, view, mean, std, fingerprint: fingerprint(config, Object.entries(values)) };
}

const half: Rgb = [0.5, 0.5, 0.5];

function fitting(embedder: EmbedderSettings, { config, fingerprint }: Encoder, file: string): EmbedderSettings {
  if (embedder.encoder !== fingerprint) {
    throw new CheckpointError(
      `${file}: was fitted on the encoder ${embedder.encoder}, this one is ${fingerprint}; fit it again, or remove it`,
    );
  }
  const width = config.dim * (embedder.pool === "both" ? 2 : 1), own = embedder.whitening?.mean.length ?? width;
  if (embedder.block > config.depth || own !== width) {
    throw new CheckpointError(
      `${file}: block ${embedder.block} with ${own} values, the encoder has ${config.depth} blocks of ${width}; fit it again`,
    );
  }
  return embedder;
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => String(i));

/** The name of a tokenizer in the folder of the encoder that it belongs to. */
const tokenizerFile = "tokenizer.safetensors";

const isAddress = (source: string) => /^https?:/.test(source);
const isFolder = (source: string) => isAddress(source) ? source.endsWith("/") : statSync(source, { throwIfNoEntry: false })?.isDirectory();

/** What lies beside the weights, where it is there. */
async function beside<T>(source: string, name: string, read: (file: string) => Promise<T>): Promise<T | undefined> {
  if (!isAddress(source)) {
    const file = join(isFolder(source) ? source : dirname(source), name);
    return existsSync(file) ? await read(file) : undefined;
  }
  return await read(new URL(name, source).href).catch((error) => {
    if (error instanceof CheckpointError && /status (403|404|410)\b/.test(error.message)) return undefined;
    throw error;
  });
}
