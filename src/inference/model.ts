// A loaded model at work on a device, in programs of a few batch sizes.

import { add, argmax, imageTensor, linear, softmax } from "../../kernels/mod.ts";
import type { EmbedderSettings } from "../checkpoint/embedder.ts";
import { fingerprint } from "../checkpoint/fingerprint.ts";
import { withWeights } from "../checkpoint/tokenizer.ts";
import { resize } from "../data/resize.ts";
import type { Device } from "../devices/device.ts";
import { ShapeError } from "../errors.ts";
import { constant, input, reshape, type Tensor } from "../graph.ts";
import { attentionMap } from "../models/beit_attention.ts";
import { beit } from "../models/beit.ts";
import { windowOf } from "../models/beit_config.ts";
import { classLogits, embedding, maskedLogits } from "../models/beit_heads.ts";
import { checkTokens, type Tokenizer, tokenizer as tokenizerOf } from "../models/tokenizer.ts";
import { parameters } from "../nn/parameters.ts";
import type { Program } from "../program.ts";
import {
  type Ability,
  type Attention,
  batchSizes,
  type Classes,
  type DenseVectors,
  type EmbedOptions,
  type ModelDescription,
  type Pictures,
  type Pixels,
  type Reconstructions,
  type Tokens,
  type Vectors,
} from "./types.ts";
import type { Encoder, Parts } from "./parts.ts";
import { Programs } from "./programs.ts";

type Values = Record<string, Float32Array | Uint32Array | Uint8Array>;

/** Without the start values of its parameters, which nobody shall hold once they are on the device. */
type Prepared = Omit<Encoder, "table">;

interface Network {
  encoder: Prepared;
  p: Record<string, Tensor>;
  programs: Programs;
}

interface Codec {
  tokenizer: Tokenizer;
  p: Record<string, Tensor>;
  programs: Programs;
  /** Pixels a side of a picture. */
  size: number;
  grid: readonly [number, number];
  decodes: boolean;
  fingerprint: string;
}

/** Every call waits for the one before: a program has one set of inputs. */
export class Model {
  readonly description: ModelDescription;
  readonly #whitening: EmbedderSettings["whitening"];
  readonly #classes: string[];
  readonly #encoder?: Network;
  readonly #classifier?: Network;
  readonly #codec?: Codec;
  #last: Promise<unknown> = Promise.resolve();

  constructor(device: Device, parts: Parts, id: string) {
    this.#whitening = parts.embedder?.whitening;
    this.#classes = parts.classifier?.classes ?? [];
    const network = (found: Encoder | undefined, name: string): Network | undefined => {
      if (!found) return undefined;
      const { table, ...encoder } = found, p = parameters(table, { name });
      return { encoder, p, programs: new Programs(device, p) };
    };
    this.#encoder = network(parts.encoder, "encoder");
    // A classifier that is the encoder itself has the same weights.
    this.#classifier = parts.classifier?.table === parts.encoder?.table ? this.#encoder : network(parts.classifier, "classifier");
    this.#codec = parts.tokenizer && codecOf(parts, device);
    this.description = describe(parts, this.#codec, device, id);
  }

  async embed(pixels: Pixels, { block, pool }: EmbedOptions): Promise<Vectors> {
    const { encoder, p, programs } = this.#need(this.#encoder, "embed"), own = block === undefined && pool === undefined;
    const chosen = { block: block ?? this.description.embedding.block, pool: pool ?? this.description.embedding.pool };
    const whitening = own ? this.#whitening : undefined;
    return await this.#run(pixels.count, async (B) => {
      const program = await programs.get(`embed ${chosen.block} ${chosen.pool} ${own} ${B}`, () => {
        const vectors = embedding(beit(p, picturesOf(encoder, B), encoder.config), chosen);
        if (!whitening) return { vectors };
        const { mean, matrix } = whitening, C = mean.length, D = matrix.length / C;
        const centred = add(vectors, constant("minus mean", [C], mean.map((value) => -value)));
        return { vectors: linear(centred, constant("whitening", [D, C], matrix)) };
      });
      return await run(program, { pictures: padded(pixels, encoder, B) }, "vectors");
    }, (data, ms) => ({ ms, dimensions: data.length / pixels.count, data: data as Float32Array<ArrayBuffer> }));
  }

  async dense(pixels: Pixels, { block = this.description.embedding.block }: { block?: number }): Promise<DenseVectors> {
    const { encoder, p, programs } = this.#need(this.#encoder, "dense"), { config } = encoder;
    return await this.#run(pixels.count, async (B) => {
      const build = () => ({ vectors: embedding(beit(p, picturesOf(encoder, B), config), { block, pool: "dense" }) });
      return await run(await programs.get(`dense ${block} ${B}`, build), { pictures: padded(pixels, encoder, B) }, "vectors");
    }, (data, ms) => ({ ms, dimensions: config.dim, grid: windowOf(config), data: data as Float32Array<ArrayBuffer> }));
  }

  async classify(pixels: Pixels): Promise<Classes> {
    const { encoder, p, programs } = this.#need(this.#classifier, "classify"), classes = this.#classes;
    return await this.#run(pixels.count, async (B) => {
      const build = () => ({ classes: softmax(classLogits(p, beit(p, picturesOf(encoder, B), encoder.config), encoder.config)) });
      return await run(await programs.get(`classify ${B}`, build), { pictures: padded(pixels, encoder, B) }, "classes");
    }, (data, ms) => ({ ms, classes, probabilities: data as Float32Array<ArrayBuffer> }));
  }

  async attention(pixels: Pixels, { block }: { block?: number }): Promise<Attention> {
    const { encoder, p, programs } = this.#need(this.#encoder, "attention"), { config } = encoder, { heads } = config;
    const grid = windowOf(config), T = 1 + grid[0] * grid[1], l = block ?? config.depth;
    return await this.#run(pixels.count, async (B) => {
      const build = () => ({ map: attentionMap(p, beit(p, picturesOf(encoder, B), config), l, config) });
      return await run(await programs.get(`attention ${l} ${B}`, build), { pictures: padded(pixels, encoder, B) }, "map");
    }, (data, ms) => {
      // Of (B, NH, T, T) the class token's row, without what it gives itself.
      const weights = new Float32Array(pixels.count * heads * (T - 1));
      for (let row = 0; row < pixels.count * heads; row++) {
        weights.set(data.subarray(row * T * T + 1, row * T * T + T) as Float32Array, row * (T - 1));
      }
      return { ms, heads, grid, weights };
    });
  }

  async tokens(pixels: Pixels): Promise<Tokens> {
    const codec = this.#need(this.#codec, "tokens");
    return await this.#run(
      pixels.count,
      (B) => this.#ids(codec, pixels, B),
      (data, ms) => ({ ms, grid: codec.grid, ids: data as Uint32Array<ArrayBuffer> }),
    );
  }

  async decode(ids: Uint32Array): Promise<Pictures> {
    const codec = this.#need(this.#codec, "decode"), count = this.#countOf(codec, ids);
    return await this.#run(
      count,
      (B) => this.#pictures(codec, ids, B),
      (data, ms) => ({ ms, ...bytesOf(data as Float32Array, count, codec.size) }),
    );
  }

  /** The tokens of what the model sees, its own guesses for the rest, decoded together. */
  async reconstruct(pixels: Pixels, masks: Uint8Array): Promise<Reconstructions> {
    const codec = this.#need(this.#codec, "reconstruct"), { encoder, p, programs } = this.#need(this.#encoder, "reconstruct");
    const { config } = encoder, grid = windowOf(config), N = grid[0] * grid[1], { count } = pixels;
    if (masks.length !== count * N) {
      throw new ShapeError(`reconstruct: ${masks.length} values of masks, ${count} pictures have ${count * N} patches`);
    }
    const small = resized(pixels, codec.size), seen = await this.tokens(small);
    const guessed = await this.#run(count, async (B) => {
      const program = await programs.get(`guess ${B}`, () => {
        const rows = constant("rows", [B * N], Uint32Array.from({ length: B * N }, (_, i) => i), "u32");
        const encoded = beit(p, picturesOf(encoder, B), config, { mask: input("mask", [B, N]) });
        return { ids: reshape(argmax(maskedLogits(p, encoded, rows, config), 1), [B, N]) };
      });
      const mask = new Float32Array(B * N);
      mask.set(masks);
      return await run(program, { pictures: padded(pixels, encoder, B), mask }, "ids");
    }, (data, ms) => ({ ms, ids: data as Uint32Array }));
    const decoded = await this.decode(seen.ids.map((id, i) => masks[i] ? guessed.ids[i] : id));
    const { width, height, data: predicted } = decoded;
    return { ms: seen.ms + guessed.ms + decoded.ms, width, height, input: small.data, predicted };
  }

  /** One picture through whatever there is. */
  async check(): Promise<{ ms: number }> {
    const size = this.#encoder?.encoder.view.size ?? this.#codec!.size;
    const pixels: Pixels = { count: 1, size, data: new Uint8Array(size * size * 3) };
    return this.#encoder ? await this.embed(pixels, {}) : await this.tokens(pixels);
  }

  async destroy(): Promise<void> {
    await this.#last.catch(() => {});
    for (const { programs } of new Set([this.#encoder, this.#classifier, this.#codec].filter((one) => one !== undefined))) {
      await programs.destroy();
    }
  }

  async #ids({ tokenizer, p, programs, size }: Codec, { data, ...pixels }: Pixels, B: number): Promise<Ran> {
    if (pixels.size !== size) throw new ShapeError(`tokens: pictures have ${pixels.size} pixels a side, the tokenizer takes ${size}`);
    const build = () => ({ ids: tokenizer.ids(p, imageTensor(input("pictures", [B, size, size, 3], "u8"))) });
    return await run(await programs.get(`ids ${B}`, build), { pictures: filled(data, B * size * size * 3) }, "ids");
  }

  async #pictures({ tokenizer, p, programs, grid }: Codec, ids: Uint32Array, B: number): Promise<Ran> {
    const build = () => ({ pictures: tokenizer.decodeIds(p, input("ids", [B, grid[0] * grid[1]], "u32"), grid) });
    const all = new Uint32Array(B * grid[0] * grid[1]);
    all.set(ids);
    return await run(await programs.get(`decode ${B}`, build), { ids: all }, "pictures");
  }

  #countOf({ grid, tokenizer }: Codec, ids: Uint32Array): number {
    const count = ids.length / (grid[0] * grid[1]);
    checkTokens(ids, tokenizer.vocab, Math.ceil(count) * grid[0] * grid[1], "decode");
    return count;
  }

  #need<Part>(part: Part | undefined, ability: Ability): Part {
    if (part && this.description.abilities.includes(ability)) return part;
    throw new ShapeError(`${this.description.id}: cannot ${ability}, only ${this.description.abilities.join(", ")}; load a model that can`);
  }

  /** `work` gives the values of a padded batch; `make` gets those of the real `count`. */
  #run<Result>(count: number, work: (B: number) => Promise<Ran>, make: (values: Ran["values"], ms: number) => Result): Promise<Result> {
    const B = batchSizes.find((size) => size >= count);
    if (!B || count < 1) {
      throw new ShapeError(`${this.description.id}: ${count} pictures at once; give 1 to ${batchSizes[batchSizes.length - 1]}`);
    }
    const turn = this.#last.catch(() => {}).then(async () => {
      const { values, ms } = await work(B);
      return make(values.subarray(0, values.length / B * count), ms);
    });
    this.#last = turn;
    return turn;
  }
}

interface Ran {
  values: Float32Array | Uint32Array | Uint8Array;
  ms: number;
}

async function run(program: Program, inputs: Values, output: string): Promise<Ran> {
  const started = performance.now();
  program.write(inputs);
  program.run();
  const values = await program.read(output) as Ran["values"];
  return { values, ms: performance.now() - started };
}

function picturesOf({ view: { size }, mean, std }: Prepared, B: number): Tensor {
  return imageTensor(input("pictures", [B, size, size, 3], "u8"), mean, std);
}

function padded({ size, data }: Pixels, { view, file }: Prepared, B: number): Uint8Array {
  if (size !== view.size) throw new ShapeError(`${file}: pictures have ${size} pixels a side, this model takes ${view.size}`);
  return filled(data, B * size * size * 3);
}

/** The bytes, and zeros up to a length. */
function filled(data: Uint8Array, length: number): Uint8Array {
  if (data.length === length) return data;
  const all = new Uint8Array(length);
  all.set(data);
  return all;
}

function resized({ count, size, data }: Pixels, side: number): Pixels {
  const all = new Uint8Array(count * side * side * 3), one = size * size * 3;
  for (let i = 0; i < count; i++) {
    const pixels = data.subarray(i * one, (i + 1) * one);
    all.set(resize({ width: size, height: size, pixels }, side, side, "lanczos").pixels, i * side * side * 3);
  }
  return { count, size: side, data: all };
}

/** (B, 3, H, W) within 0 to 1 → (B, H, W, 3) bytes. */
function bytesOf(values: Float32Array, count: number, size: number): Omit<Pictures, "ms"> {
  const plane = size * size, data = new Uint8Array(count * plane * 3);
  for (let b = 0; b < count; b++) {
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < plane; i++) {
        data[(b * plane + i) * 3 + c] = Math.round(255 * Math.min(1, Math.max(0, values[(b * 3 + c) * plane + i])));
      }
    }
  }
  return { width: size, height: size, data };
}

function codecOf({ tokenizer: weights, encoder, tokenizerImageSize }: Parts, device: Device): Codec {
  const { config, decodes, fingerprint } = weights!, tokenizer = tokenizerOf(config);
  const p = parameters(withWeights(tokenizer.params, weights!.weights), { name: "tokenizer" });
  // One token a patch where an encoder reads them; where nothing else is known, as DALL-E's was released with BEiT: 14 x 14 tokens.
  const size = encoder ? windowOf(encoder.config)[0] * tokenizer.scale : tokenizerImageSize ?? 14 * tokenizer.scale;
  return { tokenizer, p, programs: new Programs(device, p), size, grid: tokenizer.grid(size), decodes, fingerprint };
}

function describe(
  { source, encoder, classifier, embedder }: Parts,
  codec: Codec | undefined,
  device: Device,
  id: string,
): ModelDescription {
  const { config } = encoder ?? {}, depth = config?.depth ?? 0;
  const can: Record<Ability, boolean> = {
    embed: encoder !== undefined,
    dense: encoder !== undefined,
    attention: encoder !== undefined,
    classify: classifier !== undefined,
    tokens: codec !== undefined,
    decode: codec?.decodes === true,
    reconstruct: codec?.decodes === true && config?.vocab === codec.tokenizer.vocab,
  };
  const block = embedder?.block ?? Math.round(0.75 * depth), pool = embedder?.pool ?? "mean"; // DESIGN's default where nothing was fitted
  const width = embedder?.whitening
    ? embedder.whitening.matrix.length / embedder.whitening.mean.length
    : (config?.dim ?? 0) * (pool === "both" ? 2 : 1);
  const choice = { block, pool, encoder: encoder?.fingerprint, tokenizer: encoder ? undefined : codec?.fingerprint };
  const view = encoder?.view ?? { size: codec!.size, filter: "lanczos", share: 1 };
  return {
    modality: "pictures",
    id,
    source,
    fingerprint: fingerprint(choice, embedder?.whitening ? Object.entries(embedder.whitening) : []),
    device: device.description,
    loaded: Date.now(),
    abilities: (Object.keys(can) as Ability[]).filter((ability) => can[ability]),
    view,
    ...codec && {
      tokenizer: {
        view: { size: codec.size, filter: "lanczos", share: encoder?.view.share ?? 1 },
        vocab: codec.tokenizer.vocab,
        grid: codec.grid,
        fingerprint: codec.fingerprint,
      },
    },
    blocks: depth,
    grid: config ? windowOf(config) : codec!.grid,
    embedding: { block, pool, whitened: embedder?.whitening !== undefined, dimensions: embedder?.dimensions ?? [width] },
    ...config && { heads: config.heads },
    ...classifier && { classes: classifier.classes },
  };
}
