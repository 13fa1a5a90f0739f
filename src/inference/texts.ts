// A loaded model of texts at work: what the server asks of it.

import type { Device } from "../devices/device.ts";
import { RecipeError, ShapeError } from "../errors.ts";
import type { EmbedOptions, TextClasses, TextModelDescription, TextOptions, TextVectors } from "./types.ts";
import type { TextParts } from "./load_text.ts";
import { TextModel } from "./text_model.ts";

export class Texts {
  readonly description: TextModelDescription;
  readonly #encoder: TextModel;
  readonly #classifier?: TextModel;

  constructor(device: Device, { source, encoder, classifier }: TextParts, id: string) {
    this.#encoder = new TextModel(device, encoder);
    this.#classifier = classifier === encoder ? this.#encoder : classifier && new TextModel(device, classifier);
    const { config: { depth, dim, heads, vocab, positions } } = encoder;
    this.description = {
      modality: "texts",
      id,
      source,
      fingerprint: encoder.fingerprint,
      device: device.description,
      loaded: Date.now(),
      abilities: classifier ? ["embed", "classify"] : ["embed"],
      blocks: depth,
      embedding: { block: depth, pool: "mean", whitened: false, dimensions: [dim] },
      heads,
      vocab,
      positions,
      ...this.#classifier && { classes: this.#classifier.labels },
    };
  }

  /** The vectors of texts; rows of NaN where there is a fault. */
  async embed(texts: readonly string[], { block, pool = "mean", truncate }: EmbedOptions & TextOptions): Promise<TextVectors> {
    if (pool === "both") throw new RecipeError(`${this.description.id}: a model of texts has no pool both; choose class-token or mean`);
    const { ids, ...told } = encoded(this.#encoder, texts, truncate);
    const { ms, dimensions, data } = await this.#encoder.embedTokens(ids, { block, pool });
    return { ms, dimensions, data: spread(data, dimensions, texts.length, told.faults), ...told };
  }

  async classify(texts: readonly string[], { truncate }: TextOptions): Promise<TextClasses> {
    const model = this.#classifier;
    if (!model) throw new ShapeError(`${this.description.id}: cannot classify, only embed; load a model that can`);
    const { ids, ...told } = encoded(model, texts, truncate);
    const { ms, classes, probabilities } = await model.classifyTokens(ids);
    return { ms, classes, probabilities: spread(probabilities, classes.length, texts.length, told.faults), ...told };
  }

  /** One token through the encoder. */
  async check(): Promise<{ ms: number }> {
    const { cls, sep } = this.#encoder.wordPiece;
    return await this.#encoder.embedTokens([[cls, sep]]);
  }

  async destroy(): Promise<void> {
    await this.#encoder.destroy();
    if (this.#classifier !== this.#encoder) await this.#classifier?.destroy();
  }
}

function encoded(model: TextModel, texts: readonly string[], truncate = false) {
  const all = model.encode(texts, { long: truncate ? "truncate" : "fail" });
  return {
    ids: all.flatMap(({ ids }) => ids ? [ids] : []),
    tokens: all.map(({ ids }) => ids?.length ?? 0),
    faults: all.flatMap(({ fault }, index) => fault ? [{ index, fault }] : []),
  };
}

/** Rows in the places of all texts, NaN in those of faults. */
function spread(rows: Float32Array<ArrayBuffer>, width: number, count: number, faults: TextVectors["faults"]): Float32Array<ArrayBuffer> {
  if (faults.length === 0) return rows;
  const all = new Float32Array(count * width).fill(NaN), missing = new Set(faults.map(({ index }) => index));
  let row = 0;
  for (let i = 0; i < count; i++) {
    if (missing.has(i)) continue;
    all.set(rows.subarray(row * width, (row + 1) * width), i * width);
    row++;
  }
  return all;
}
