// A BERT at work: embeddings and classes of texts, in programs of a few batch sizes and lengths.

import { softmax } from "../../kernels/mod.ts";
import { loadBert, type LoadedBert } from "../checkpoint/bert/mod.ts";
import { fingerprint } from "../checkpoint/fingerprint.ts";
import type { CheckpointSource } from "../checkpoint/mod.ts";
import { readWordPiece, type WordPiece } from "../data/text/word_piece.ts";
import type { Device } from "../devices/device.ts";
import { CheckpointError, DataError } from "../errors.ts";
import { input, type Tensor } from "../graph.ts";
import { bert, type EncodedText } from "../models/bert.ts";
import type { BertConfig } from "../models/bert_config.ts";
import { textClassLogits, textEmbedding, type TextEmbeddingOptions } from "../models/bert_heads.ts";
import { parameters } from "../nn/parameters.ts";
import { batchSizes, type Classes, type Vectors } from "./types.ts";
import { Programs } from "./programs.ts";

/** Lengths of programs: the shortest that holds the longest text is taken. */
const lengths = [16, 32, 64, 128, 256, 512];

export interface TextModelOptions {
  /** Texts longer than the model's positions: an error (if absent), or cut. */
  long?: "fail" | "truncate";
}

/** A BERT with its tokenizer, on no device yet. */
export interface TextWeights extends Pick<LoadedBert, "file" | "config" | "labels" | "table"> {
  wordPiece: WordPiece;
  /** Changes with configuration, weights and vocabulary. */
  fingerprint: string;
}

/** The numbers of a text's tokens with [CLS] and [SEP], or why the model cannot take it. */
export type EncodedWords = { ids: number[]; fault?: undefined } | { ids?: undefined; fault: string };

/**
 * Reads a Hugging Face folder, or a checkpoint of a training on texts, with the tokenizer that lies beside the weights.
 *
 * @throws CheckpointError where the vocabulary is not the model's; DataError without a tokenizer.
 */
export async function readText(source: CheckpointSource): Promise<TextWeights> {
  const { file, config, labels, table, tokenizer, values } = await loadBert(source),
    wordPiece = readWordPiece(tokenizer, `${file}: beside it, `);
  if (wordPiece.size === config.vocab) {
    return {
      file,
      config,
      labels,
      table,
      wordPiece,
      fingerprint: fingerprint({ config, tokens: wordPiece.tokens }, Object.entries(values)),
    };
  }
  throw new CheckpointError(
    `${file}: has embeddings of ${config.vocab} tokens, its tokenizer knows ${wordPiece.size}; give the tokenizer of this model`,
  );
}

/** Every call waits for the one before: a program has one set of inputs. */
export class TextModel {
  readonly fingerprint: string;
  readonly config: BertConfig;
  /** Names of the classes, in their order; none of a model without classes. */
  readonly labels: string[];
  readonly wordPiece: WordPiece;
  readonly #p: Record<string, Tensor>;
  readonly #programs: Programs;
  #last: Promise<unknown> = Promise.resolve();

  constructor(device: Device, { config, labels, wordPiece, fingerprint, table }: TextWeights) {
    this.config = config;
    this.labels = Array.from({ length: config.classes ?? 0 }, (_, i) => labels[i] ?? String(i));
    this.wordPiece = wordPiece;
    this.fingerprint = fingerprint;
    this.#p = parameters(table);
    this.#programs = new Programs(device, this.#p);
  }

  /** Reads `source` as `readText` does, and puts it on a device. */
  static async load(device: Device, source: CheckpointSource): Promise<TextModel> {
    return new TextModel(device, await readText(source));
  }

  /** Vectors of texts; after the last block and over the mean of tokens unless the options say otherwise. */
  async embed(texts: readonly string[], { long, ...options }: Partial<TextEmbeddingOptions> & TextModelOptions = {}): Promise<Vectors> {
    return await this.embedTokens(this.#allOf(texts, long), options);
  }

  /** Probabilities of the classes. @throws CheckpointError of a model that has none. */
  async classify(texts: readonly string[], { long }: TextModelOptions = {}): Promise<Classes> {
    return await this.classifyTokens(this.#allOf(texts, long));
  }

  /** What `embedTokens` and `classifyTokens` take of each text. */
  encode(texts: readonly string[], { long = "fail" }: TextModelOptions = {}): EncodedWords[] {
    const { cls, sep } = this.wordPiece, room = this.config.positions - 2;
    return texts.map((text) => {
      const ids = this.wordPiece.encode(text);
      if (ids.length === 0) return { fault: "has no token; give texts with words" };
      if (ids.length <= room || long === "truncate") return { ids: [cls, ...ids.slice(0, room), sep] };
      return { fault: `has ${ids.length + 2} tokens, the model takes ${room + 2}; cut it, or choose truncate` };
    });
  }

  /** As `embed`, of texts that are encoded. */
  async embedTokens(ids: readonly number[][], { block = -1, pool = "mean" }: Partial<TextEmbeddingOptions> = {}): Promise<Vectors> {
    const { data, ms } = await this.#run(`embed ${block} ${pool}`, ids, (encoded) => textEmbedding(encoded, { block, pool }));
    return { ms, dimensions: this.config.dim, data };
  }

  /** As `classify`, of texts that are encoded. */
  async classifyTokens(ids: readonly number[][]): Promise<Classes> {
    if (!this.config.classes) throw new CheckpointError("classify: the model has no classes; load one that was fine-tuned");
    const { data, ms } = await this.#run("classify", ids, (encoded) => softmax(textClassLogits(this.#p, encoded, this.config)));
    return { ms, classes: this.labels, probabilities: data };
  }

  async destroy(): Promise<void> {
    await this.#last.catch(() => {});
    await this.#programs.destroy();
  }

  #allOf(texts: readonly string[], long: TextModelOptions["long"]): number[][] {
    return this.encode(texts, { long }).map(({ ids, fault }, i) => {
      if (ids) return ids;
      throw new DataError(`text ${i}: ${fault}`);
    });
  }

  #run(
    name: string,
    ids: readonly number[][],
    output: (encoded: EncodedText) => Tensor,
  ): Promise<{ data: Float32Array<ArrayBuffer>; ms: number }> {
    const turn = this.#last.catch(() => {}).then(async () => {
      const most = batchSizes[batchSizes.length - 1], parts: Float32Array[] = [];
      let ms = 0;
      for (let from = 0; from < ids.length; from += most) {
        const some = ids.slice(from, from + most), B = batchSizes.find((size) => size >= some.length)!;
        const longest = Math.max(...some.map(({ length }) => length)), { positions } = this.config;
        const T = Math.min(positions, lengths.find((length) => length >= longest) ?? positions);
        const program = await this.#programs.get(`${name} ${B} ${T}`, () => {
          const encoded = bert(this.#p, { tokens: input("tokens", [B, T], "u32"), keys: input("keys", [B, T]) }, this.config);
          return { output: output(encoded) };
        });
        const tokens = new Uint32Array(B * T).fill(this.wordPiece.pad), keys = new Float32Array(B * T);
        for (const [b, one] of some.entries()) {
          tokens.set(one, b * T);
          keys.fill(1, b * T, b * T + one.length);
        }
        const started = performance.now();
        program.write(Object.fromEntries(Object.entries({ tokens, keys }).filter(([name]) => program.inputs.includes(name))));
        program.run();
        const values = await program.read("output") as Float32Array;
        ms += performance.now() - started;
        parts.push(values.slice(0, values.length / B * some.length));
      }
      const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
      parts.reduce((at, part) => (data.set(part, at), at + part.length), 0);
      return { data, ms };
    });
    this.#last = turn;
    return turn;
  }
}
