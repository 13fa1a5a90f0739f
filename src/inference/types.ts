// A loaded model at work, in types: what it is asked and what it answers. Everything crosses a worker's boundary: promises of plain data and
// typed arrays.

import type { Filter } from "../data/resize.ts";

/** What a model can be asked for. */
export type Ability = "embed" | "dense" | "tokens" | "decode" | "reconstruct" | "classify" | "attention";

/** How one vector is made of a block's tokens; "both" puts the class token before the mean. */
export type Pool = "class-token" | "mean" | "both";

/** How a picture becomes the square that a model was trained on: shorter side to size / share, then the middle. */
export interface View {
  size: number;
  filter: Filter;
  share: number;
}

interface Described {
  /** Names the model in requests, besides "default". Another after every activation. */
  id: string;
  /** Where it was loaded from: a run, a file, a folder, an address. */
  source: string;
  /** Of weights, block, pooling and whitening: vectors of two fingerprints must not be compared. */
  fingerprint: string;
  /** In words, of the device. */
  device: string;
  /** Milliseconds since 1970. */
  loaded: number;
  abilities: Ability[];
  /** Blocks that a vector may be taken from: 0 (the embeddings) to this. */
  blocks: number;
  /** What a vector is made of where the request does not say, and the lengths to which the fitted whitening may cut it. */
  embedding: { block: number; pool: Pool; whitened: boolean; dimensions: number[] };
  heads?: number;
  classes?: string[];
}

/** A model of pictures. */
export interface ModelDescription extends Described {
  modality: "pictures";
  /** Of the encoder. */
  view: View;
  /** Of the tokenizer that goes with it, where there is one. */
  tokenizer?: { view: View; vocab: number; grid: readonly [number, number]; fingerprint: string };
  /** Rows and columns of patches. */
  grid: readonly [number, number];
}

/** A model of texts. */
export interface TextModelDescription extends Described {
  modality: "texts";
  /** Tokens that it knows, and that a text may have with [CLS] and [SEP]. */
  vocab: number;
  positions: number;
}

export type AnyModelDescription = ModelDescription | TextModelDescription;

/** (B, size, size, 3) bytes, cut as the model's view says. */
export interface Pixels {
  count: number;
  size: number;
  data: Uint8Array<ArrayBuffer>;
}

/** `ms` is the time on the device of the whole batch. */
export interface Timed {
  ms: number;
}

/** (B, dimensions). A row that is not finite belongs to a picture over which the model fails. */
export interface Vectors extends Timed {
  dimensions: number;
  data: Float32Array<ArrayBuffer>;
}

/** (B, rows * columns, dimensions), row by row. */
export interface DenseVectors extends Vectors {
  grid: readonly [number, number];
}

/** (B, rows * columns) */
export interface Tokens extends Timed {
  grid: readonly [number, number];
  ids: Uint32Array<ArrayBuffer>;
}

/** (B, height, width, 3) */
export interface Pictures extends Timed {
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}

/** Each (B, height, width, 3): what the model was given, and that with its prediction in the place of what it did not see. */
export interface Reconstructions extends Timed {
  width: number;
  height: number;
  input: Uint8Array<ArrayBuffer>;
  predicted: Uint8Array<ArrayBuffer>;
}

/** (B, classes), each row with sum 1. */
export interface Classes extends Timed {
  classes: string[];
  probabilities: Float32Array<ArrayBuffer>;
}

/** (B, heads, rows * columns): how much the class token attends to each patch. */
export interface Attention extends Timed {
  heads: number;
  grid: readonly [number, number];
  weights: Float32Array<ArrayBuffer>;
}

export interface EmbedOptions {
  /** The block after which the vector is taken, and how; the model's own choice where absent. Whitening belongs to that choice only. */
  block?: number;
  pool?: Pool;
}

export interface TextOptions {
  /** Texts longer than the model's positions are cut; absent: they are faults. */
  truncate?: boolean;
}

/** Which texts the model took. */
interface TextsTold {
  /** Tokens of each text with [CLS] and [SEP], 0 where there is a fault. */
  tokens: number[];
  /** Why a text cannot be taken; its row is NaN. */
  faults: { index: number; fault: string }[];
}
export interface TextVectors extends Vectors, TextsTold {}
export interface TextClasses extends Classes, TextsTold {}

/** Models at work. `model` is an id that `models` or `activate` gave. */
export interface Inference {
  models(): Promise<AnyModelDescription[]>;
  /** Loads `source` beside the others. @throws CheckpointError */
  activate(source: string): Promise<AnyModelDescription>;
  /** Frees a model that no request uses any more. */
  release(model: string): Promise<void>;
  /** A real pass through the device. @throws DeviceLostError */
  check(): Promise<Timed>;
  embed(model: string, pixels: Pixels, options: EmbedOptions): Promise<Vectors>;
  dense(model: string, pixels: Pixels, options: { block?: number }): Promise<DenseVectors>;
  tokens(model: string, pixels: Pixels): Promise<Tokens>;
  /** `ids` (B, rows * columns) of the tokenizer's grid. */
  decode(model: string, ids: Uint32Array<ArrayBuffer>): Promise<Pictures>;
  /** `masks` (B, rows * columns), 1 where the model does not see the patch. */
  reconstruct(model: string, pixels: Pixels, masks: Uint8Array<ArrayBuffer>): Promise<Reconstructions>;
  classify(model: string, pixels: Pixels): Promise<Classes>;
  attention(model: string, pixels: Pixels, options: { block?: number }): Promise<Attention>;
  embedTexts(model: string, texts: string[], options: EmbedOptions & TextOptions): Promise<TextVectors>;
  classifyTexts(model: string, texts: string[], options: TextOptions): Promise<TextClasses>;
}

/** Sizes of the compiled programs, ascending: a batch is padded to one of them. */
export const batchSizes = [1, 4, 16, 64] as const;
