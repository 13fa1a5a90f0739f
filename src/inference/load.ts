// Where a model comes from: a run of this program, one of its checkpoints, a published file or folder, an address.

import { loadBeit } from "../checkpoint/beit/mod.ts";
import { embedderFile, readEmbedder } from "../checkpoint/embedder.ts";
import { readTokenizer } from "../checkpoint/tokenizer.ts";
import { CheckpointError } from "../errors.ts";
import { encoderOf, fitting, numbered, type Parts, type Rgb } from "./parts.ts";

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
  if (isAddress(source)) return await loadPublished(source);
  const { loadRun } = await import("./load_run.ts"); // a page has no runs, and no modules that read them
  return await loadRun(source) ?? await loadPublished(source);
}

async function loadPublished(source: string): Promise<Parts> {
  const loaded = await loadBeit(source).catch(async (error: Error) => {
    if (!(error instanceof CheckpointError)) throw error;
    // The two kinds of files look alike from outside: whoever reads it decides.
    const tokenizer = await readTokenizer(source).catch(() => undefined);
    if (!tokenizer) throw error;
    return tokenizer;
  });
  if ("weights" in loaded) return { source, tokenizer: loaded };
  const { preprocessing: steps } = loaded;
  const found = encoderOf(loaded, steps && { mean: steps.mean as unknown as Rgb, std: steps.std as unknown as Rgb });
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
  if (await isFolder(source)) parts.tokenizer = await beside(source, tokenizerFile, readTokenizer);
  return parts;
}

/** The name of a tokenizer in the folder of the encoder that it belongs to. */
const tokenizerFile = "tokenizer.safetensors";

const isAddress = (source: string) => /^https?:/.test(source);

async function isFolder(source: string): Promise<boolean> {
  return isAddress(source) ? source.endsWith("/") : (await import("./paths.ts")).isFolder(source);
}

/** What lies beside the weights, where it is there. */
async function beside<T>(source: string, name: string, read: (file: string) => Promise<T>): Promise<T | undefined> {
  if (!isAddress(source)) {
    const file = (await import("./paths.ts")).fileBeside(source, name);
    return file === undefined ? undefined : await read(file);
  }
  return await read(new URL(name, source).href).catch((error) => {
    if (error instanceof CheckpointError && /status (403|404|410)\b/.test(error.message)) return undefined;
    throw error;
  });
}
