// A BERT at work: embeddings and classes of texts, in programs of a few batch sizes and lengths.

import { softmax } from "../../kernels/mod.ts";
import { loadBert } from "../checkpoint/bert/mod.ts";
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
import { batchSizes, type Classes, type Vectors } from "../server/engine.ts";
import { Programs } from "./programs.ts";

/** Lengths of programs: the shortest that holds the longest text is taken. */
const lengths = [16, 32, 64, 128, 256, 512];

export interface TextModelOptions {
  /** Texts longer than the model's positions: an error (if absent), or cut. */
  long?: "fail" | "truncate";
}

/** Every call waits for the one before: a program has one set of inputs. */
export class TextModel {
  /** Changes with configuration, weights and vocabulary. */
  readonly fingerprint: string;
  readonly #p: Record<string, Tensor>;
  readonly #programs: Programs;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    device: Device,
    readonly config: BertConfig,
    readonly wordPiece: WordPiece,
    readonly labels: string[],
    { table, values }: Pick<Awaited<ReturnType<typeof loadBert>>, "table" | "values">,
  ) {
    this.fingerprint = fingerprint({ config, tokens: wordPiece.tokens }, Object.entries(values));
    this.#p = parameters(table);
    this.#programs = new Programs(device);
  }

  /**
   * Loads a Hugging Face folder, or a checkpoint of a training on texts, with the tokenizer that lies beside the weights.
   *
   * @throws CheckpointError where the vocabulary is not the model's; DataError without a tokenizer.
   */
  static async load(device: Device, source: CheckpointSource): Promise<TextModel> {
    const { file, config, labels, tokenizer, ...weights } = await loadBert(source),
      wordPiece = readWordPiece(tokenizer, `${file}: beside it, `);
    if (wordPiece.size === config.vocab) return new TextModel(device, config, wordPiece, labels, weights);
    throw new CheckpointError(
      `${file}: has embeddings of ${config.vocab} tokens, its tokenizer knows ${wordPiece.size}; give the tokenizer of this model`,
    );
  }

  /** Vectors of texts; after the last block and over the mean of tokens unless the options say otherwise. */
  async embed(texts: readonly string[], options: Partial<TextEmbeddingOptions> & TextModelOptions = {}): Promise<Vectors> {
    const { block = -1, pool = "mean", long } = options;
    const { data, ms } = await this.#run(`embed ${block} ${pool}`, texts, long, (encoded) => textEmbedding(encoded, { block, pool }));
    return { ms, dimensions: this.config.dim, data };
  }

  /** Probabilities of the classes. @throws CheckpointError of a model that has none. */
  async classify(texts: readonly string[], { long }: TextModelOptions = {}): Promise<Classes> {
    const { classes } = this.config;
    if (!classes) throw new CheckpointError("classify: the model has no classes; load one that was fine-tuned");
    const { data, ms } = await this.#run("classify", texts, long, (encoded) => softmax(textClassLogits(this.#p, encoded, this.config)));
    return { ms, classes: Array.from({ length: classes }, (_, i) => this.labels[i] ?? String(i)), probabilities: data };
  }

  async destroy(): Promise<void> {
    await this.#last.catch(() => {});
    await this.#programs.destroy();
  }

  #run(
    name: string,
    texts: readonly string[],
    long: TextModelOptions["long"],
    output: (encoded: EncodedText) => Tensor,
  ): Promise<{ data: Float32Array<ArrayBuffer>; ms: number }> {
    const turn = this.#last.catch(() => {}).then(async () => {
      const ids = texts.map((text, i) => this.#ids(text, i, long)), most = batchSizes[batchSizes.length - 1], parts: Float32Array[] = [];
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

  #ids(text: string, index: number, long: TextModelOptions["long"] = "fail"): number[] {
    const { cls, sep } = this.wordPiece, ids = this.wordPiece.encode(text), room = this.config.positions - 2;
    if (ids.length === 0) throw new DataError(`text ${index}: has no token; give texts with words`);
    if (ids.length > room && long === "fail") {
      throw new DataError(`text ${index}: has ${ids.length + 2} tokens, the model takes ${room + 2}; cut it, or choose truncate`);
    }
    return [cls, ...ids.slice(0, room), sep];
  }
}
