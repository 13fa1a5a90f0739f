// What turns an encoder into an embedder: which block, how its tokens become one vector, and the whitening that was fitted on it.

import { CheckpointError } from "../errors.ts";
import { openSafetensors } from "./safetensors.ts";
import { writeSafetensors } from "./safetensors_write.ts";
import type { CheckpointSource } from "./source.ts";

/** Which block, how its tokens become one vector, and the whitening that was fitted on it. */
export interface EmbedderSettings {
  /** 0 the embeddings, l after block l. */
  block: number;
  pool: "class-token" | "mean" | "both";
  /** `fingerprint` of the encoder whose features it was fitted on; no other may use it. */
  encoder: string;
  /** y = matrix (x - mean): mean (C), matrix (D, C), directions of largest variance first. */
  whitening?: { mean: Float32Array; matrix: Float32Array };
  /** Lengths to which vectors may be cut; D alone if absent. */
  dimensions?: number[];
}

/** The file's name in a run's or a model's folder. */
export const embedderFile = "embedder.safetensors";

/** Key of the safetensors metadata. */
const metadataKey = "embedder";

/**
 * Writes the settings, whole or not at all.
 *
 * ```ts
 * import { readEmbedder, writeEmbedder } from "../../mod.ts";
 * const path = await Deno.makeTempFile();
 * await writeEmbedder(path, { block: 9, pool: "mean", encoder: "the encoder's fingerprint" });
 * console.assert((await readEmbedder(path)).block === 9);
 * ```
 */
export async function writeEmbedder(path: string, { whitening, ...settings }: EmbedderSettings): Promise<void> {
  const C = whitening?.mean.length ?? 0;
  const tensors = whitening &&
    { mean: { shape: [C], data: whitening.mean }, matrix: { shape: [whitening.matrix.length / C, C], data: whitening.matrix } };
  await writeSafetensors(path, { ...tensors }, { [metadataKey]: JSON.stringify(settings) });
}

/**
 * Reads them back. @throws CheckpointError for a file that holds none, or tensors that do not fit each other.
 *
 * ```ts
 * import { readEmbedder, writeEmbedder } from "../../mod.ts";
 * const path = await Deno.makeTempFile(), whitening = { mean: Float32Array.of(1, 2), matrix: Float32Array.of(1, 0, 0, 1) };
 * await writeEmbedder(path, { block: 9, pool: "mean", encoder: "the encoder's fingerprint", whitening });
 * console.assert((await readEmbedder(path)).whitening?.mean.join() === "1,2");
 * ```
 */
export async function readEmbedder(source: CheckpointSource): Promise<EmbedderSettings> {
  await using opened = await openSafetensors(source);
  const wrong = (what: string): never => {
    throw new CheckpointError(`${opened.file}: ${what}; write it again with the stage that fits embedders`);
  };
  const written = opened.metadata[metadataKey] ?? wrong("holds no settings of an embedder");
  const { block, pool, encoder, dimensions } = parsed(written) ?? wrong("its settings are no JSON");
  const given = Number.isInteger(block) && block >= 0 && ["class-token", "mean", "both"].includes(pool) && typeof encoder === "string";
  if (!given || !(dimensions === undefined || Array.isArray(dimensions))) {
    wrong(`its block, pool, encoder and lengths are ${JSON.stringify([block, pool, encoder, dimensions])}`);
  }
  const mean = opened.tensors.get("mean"), matrix = opened.tensors.get("matrix");
  if (!mean || !matrix) return { block, pool, encoder, dimensions };
  const [D, C] = matrix.shape;
  if (mean.shape.length !== 1 || matrix.shape.length !== 2 || mean.shape[0] !== C) {
    wrong(`its mean (${mean.shape.join(", ")}) and matrix (${matrix.shape.join(", ")}) do not fit`);
  }
  if (dimensions?.some((length) => !Number.isInteger(length) || length < 1 || length > D)) {
    wrong(`its lengths ${dimensions} do not fit ${D}`);
  }
  return { block, pool, encoder, dimensions, whitening: { mean: await mean.readFloat32(), matrix: await matrix.readFloat32() } };
}

function parsed(text: string): Omit<EmbedderSettings, "whitening"> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
