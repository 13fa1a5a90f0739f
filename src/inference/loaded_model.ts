// A model for programs: pictures in whatever form they come, any number of them, plain values back.

import { openDecoders } from "../../workers/decoders.ts";
import { drawMask } from "../data/mask.ts";
import type { Picture } from "../data/picture.ts";
import { type Device, openDevice, type OpenOptions } from "../devices/mod.ts";
import { DataError, ShapeError } from "../errors.ts";
import type { ModelDescription, Pixels, View } from "./types.ts";
import { type Prepare, prepareHere } from "./prepare.ts";
import { chooseVectors, type VectorOptions } from "./embedder.ts";
import { loadParts } from "./load.ts";
import { Model } from "./model.ts";
import { type PictureInput, squaresOf } from "./picture_input.ts";

/** Where a model is put, and how pictures are read. */
export interface LoadOptions {
  /** An open device, which stays open when the model is closed; or how to open one. The fastest if absent. */
  device?: Device | OpenOptions;
  /** Workers that decode files; 0 (default) decodes on this thread. */
  workers?: number;
  /** Pictures on the device at once, 1 to 64; 16 if absent. */
  batchSize?: number;
}

/** Vectors of pictures, in their order. */
export interface Embeddings {
  /** D, values of a vector. */
  dimensions: number;
  /** (B, D) */
  data: Float32Array<ArrayBuffer>;
  /** The rows of `data`. */
  vectors: Float32Array<ArrayBuffer>[];
  /** Of weights, block, pooling, whitening and length: vectors of two fingerprints must not be compared. */
  fingerprint: string;
}

/** A model that was put on a device by `loadModel`. Close it, or `await using` it. */
export class LoadedModel implements AsyncDisposable {
  /** What it is and what it can do; `abilities` names the methods below that it has. */
  readonly description: ModelDescription;
  readonly #model: Model;
  readonly #prepare: Prepare;
  readonly #batchSize: number;
  readonly #closing: () => Promise<void>;

  private constructor(model: Model, prepare: Prepare, batchSize: number, closing: () => Promise<void>) {
    this.#model = model;
    this.description = model.description;
    this.#prepare = prepare;
    this.#batchSize = batchSize;
    this.#closing = closing;
  }

  static async load(source: string | URL, { device, workers = 0, batchSize = 16 }: LoadOptions = {}): Promise<LoadedModel> {
    if (!(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= 64)) {
      throw new ShapeError(`loadModel: batchSize is ${batchSize}; give a whole number from 1 to 64`);
    }
    const from = source instanceof URL && source.protocol === "file:" ? (await import("node:url")).fileURLToPath(source) : String(source);
    const parts = await loadParts(from), own = !(device && "kind" in device);
    const opened = own ? await openDevice(device) : device, decoders = workers > 0 ? openDecoders(workers) : undefined;
    const model = new Model(opened, parts, from);
    return new LoadedModel(model, decoders?.prepare ?? prepareHere, batchSize, async () => {
      await Promise.all([model.destroy(), decoders?.close()]);
      if (own) await opened.destroy();
    });
  }

  /**
   * A vector of length 1 for each picture: the fitted block, pooling and whitening where the model has them, else the mean of the patches
   * after three quarters of the blocks.
   *
   * @throws RecipeError for a choice that the model does not have, DataError for a picture that cannot be read or embedded.
   */
  async embed(pictures: PictureInput | readonly PictureInput[], options: VectorOptions = {}): Promise<Embeddings> {
    const { fingerprint, embed } = chooseVectors(this.#model, options);
    const { dimensions = 0, data } = join(await this.#batches(pictures, this.description.view, embed), ({ data }) => data);
    const vectors = rowsOf(data, dimensions), bad = vectors.findIndex((vector) => !vector.every(Number.isFinite));
    if (bad >= 0) throw new DataError(`picture ${bad}: the model gives values that are no numbers; look at its weights`);
    return { dimensions, data, vectors, fingerprint };
  }

  /** A vector for each patch, as it leaves the block: `data` (B, rows * columns, dimensions). */
  async dense(
    pictures: PictureInput | readonly PictureInput[],
    options: { block?: number } = {},
  ): Promise<{ grid: readonly [number, number]; dimensions: number; data: Float32Array<ArrayBuffer> }> {
    const parts = await this.#batches(pictures, this.description.view, (pixels) => this.#model.dense(pixels, options));
    const { dimensions, grid, data } = join(parts, ({ data }) => data);
    return { grid, dimensions, data };
  }

  /** Visual tokens: `ids` (B, rows * columns), row by row. */
  async tokens(
    pictures: PictureInput | readonly PictureInput[],
  ): Promise<{ grid: readonly [number, number]; ids: Uint32Array<ArrayBuffer> }> {
    const view = this.description.tokenizer?.view ?? this.description.view;
    const parts = await this.#batches(pictures, view, (pixels) => this.#model.tokens(pixels));
    const { grid, data: ids } = join(parts, ({ ids }) => ids);
    return { grid, ids };
  }

  /** The pictures that token ids (B, rows * columns) stand for. @throws DataError for an id outside the vocabulary. */
  async decode(ids: Uint32Array): Promise<Picture[]> {
    const [rows, columns] = this.description.tokenizer?.grid ?? [1, 1], most = this.#batchSize * rows * columns, pictures: Picture[] = [];
    for (let at = 0; at < ids.length; at += most) {
      const { width, height, data } = await this.#model.decode(ids.subarray(at, at + most));
      pictures.push(...picturesOf(data, width, height));
    }
    return pictures;
  }

  /**
   * What the model sees of each picture through the tokenizer, and that with its own guesses at the masked patches. `masks` (B, rows *
   * columns of `description.grid`), 1 where the model must guess; without it `share` (0.4) of the patches are masked in blocks by `seed`.
   */
  async reconstruct(
    pictures: PictureInput | readonly PictureInput[],
    { masks, share = 0.4, seed = 0 }: { masks?: Uint8Array; share?: number; seed?: number } = {},
  ): Promise<{ masks: Uint8Array<ArrayBuffer>; input: Picture[]; predicted: Picture[] }> {
    const [height, width] = this.description.grid, N = height * width, used: Uint8Array<ArrayBuffer>[] = [];
    const count = Math.min(N, Math.max(1, Math.round(share * N))), all = Array.isArray(pictures) ? pictures.length : 1;
    if (masks && masks.length !== all * N) {
      throw new ShapeError(`reconstruct: ${masks.length} values of masks, ${all} pictures have ${all * N} patches; give one for each`);
    }
    const drawn = (index: number) => drawMask({ seed, epoch: 0, index }, { height, width, count }).mask;
    const parts = await this.#batches(pictures, this.description.view, (pixels, first) => {
      const own = new Uint8Array(pixels.count * N);
      for (let i = 0; i < pixels.count; i++) {
        own.set(masks ? masks.subarray((first + i) * N, (first + i + 1) * N) : drawn(first + i), i * N);
      }
      used.push(own);
      return this.#model.reconstruct(pixels, own);
    });
    const made = (key: "input" | "predicted") => parts.flatMap((part) => picturesOf(part[key], part.width, part.height));
    return { masks: join(used.map((data) => ({ data })), ({ data }) => data).data, input: made("input"), predicted: made("predicted") };
  }

  /** `probabilities` (B, classes), each row with sum 1; `best` names the class of each picture. */
  async classify(
    pictures: PictureInput | readonly PictureInput[],
  ): Promise<{ classes: string[]; best: string[]; probabilities: Float32Array<ArrayBuffer> }> {
    const parts = await this.#batches(pictures, this.description.view, (pixels) => this.#model.classify(pixels));
    const { classes, data: probabilities } = join(parts, ({ probabilities }) => probabilities);
    const best = rowsOf(probabilities, classes.length).map((row) => classes[row.indexOf(Math.max(...row))]);
    return { classes, best, probabilities };
  }

  /** How much each head of a block (the last if absent) attends from the class token to each patch: `weights` (B, heads, rows * columns). */
  async attention(
    pictures: PictureInput | readonly PictureInput[],
    options: { block?: number } = {},
  ): Promise<{ heads: number; grid: readonly [number, number]; weights: Float32Array<ArrayBuffer> }> {
    const parts = await this.#batches(pictures, this.description.view, (pixels) => this.#model.attention(pixels, options));
    const { heads, grid, data: weights } = join(parts, ({ weights }) => weights);
    return { heads, grid, weights };
  }

  /** Frees the weights, and the device if `loadModel` opened it. */
  async close(): Promise<void> {
    await this.#closing();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Batches of squares through `work`; the next one is decoded while the device works. */
  async #batches<T>(
    pictures: PictureInput | readonly PictureInput[],
    view: View,
    work: (pixels: Pixels, first: number) => Promise<T>,
  ): Promise<T[]> {
    const all = Array.isArray(pictures) ? pictures as readonly PictureInput[] : [pictures as PictureInput], size = this.#batchSize;
    if (!all.length) throw new DataError("pictures: none were given; give one or more");
    const results: T[] = [], decode = (at: number) => squaresOf(all.slice(at, at + size), view, this.#prepare, at);
    let next = decode(0);
    for (let at = 0; at < all.length; at += size) {
      const pixels = await next;
      next = at + size < all.length ? decode(at + size) : next;
      next.catch(() => {}); // it is met in its turn
      results.push(await work(pixels, at));
    }
    return results;
  }
}

/** The first of some results with the data of all, one after the other. */
function join<T, Data extends Float32Array | Uint32Array | Uint8Array>(parts: T[], of: (part: T) => Data): T & { data: Data } {
  const arrays = parts.map(of),
    data = new (arrays[0].constructor as new (length: number) => Data)(arrays.reduce((n, a) => n + a.length, 0));
  let at = 0;
  for (const array of arrays) {
    data.set(array as never, at);
    at += array.length;
  }
  return { ...parts[0], data };
}

function rowsOf(data: Float32Array<ArrayBuffer>, width: number): Float32Array<ArrayBuffer>[] {
  return Array.from({ length: data.length / width }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

function picturesOf(data: Uint8Array, width: number, height: number): Picture[] {
  const one = width * height * 3;
  return Array.from({ length: data.length / one }, (_, i) => ({ width, height, pixels: data.slice(i * one, (i + 1) * one) }));
}
