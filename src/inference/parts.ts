// What of a model is found in its files, whoever reads them.

import type { LoadedBeit } from "../checkpoint/beit/mod.ts";
import type { EmbedderSettings } from "../checkpoint/embedder.ts";
import { fingerprint } from "../checkpoint/fingerprint.ts";
import type { TokenizerWeights } from "../checkpoint/tokenizer.ts";
import { publishedCropShare } from "../data/augment/evaluation.ts";
import { CheckpointError } from "../errors.ts";
import type { View } from "./types.ts";

export type Rgb = readonly [number, number, number];

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
  /** Pixels a side of the pictures that it was trained on; counts where there is no encoder to read its tokens. */
  tokenizerImageSize?: number;
  /** A fine-tuned encoder of its own, and the names of its classes. */
  classifier?: Encoder & { classes: string[] };
  embedder?: EmbedderSettings;
}

/** An encoder for pictures. Half and half is what the published weights were trained on. @throws CheckpointError for one that cannot be served. */
export function encoderOf(
  { config, table, file, values }: LoadedBeit,
  { mean, std }: { mean: Rgb; std: Rgb } = { mean: half, std: half },
): Encoder {
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

/** The embedder, if it was fitted on this encoder. @throws CheckpointError */
export function fitting(embedder: EmbedderSettings, { config, fingerprint }: Encoder, file: string): EmbedderSettings {
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

/** Names of classes that have none. */
export const numbered = (count: number) => Array.from({ length: count }, (_, i) => String(i));
