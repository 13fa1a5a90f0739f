// What can be asked of a model, as batches: items joined for the engine, its answer cut into rows again.

import { DataError } from "../errors.ts";
import type { Picture } from "../data/picture.ts";
import type { EmbedOptions, Inference, Pixels, TextOptions, TextVectors } from "./engine.ts";

/** One picture's part of a batch; which fields are there depends on the job. */
export interface Item {
  /** What errors call it. */
  name: string;
  /** (size, size, 3) */
  pixels?: Uint8Array<ArrayBuffer>;
  /** (rows * columns) tokens to decode. */
  ids?: Uint32Array<ArrayBuffer>;
  /** (rows * columns) 1 for what is masked. */
  mask?: Uint8Array<ArrayBuffer>;
  text?: string;
}

/** Results in the order of the items, an Error for one that failed alone; `ms` on the device for all of them. */
export interface Done<Result> {
  ms: number;
  results: (Result | Error)[];
}

type Job<Options, Result> = (engine: Inference, model: string, items: Item[], options: Options) => Promise<Done<Result>>;

const embed: Job<EmbedOptions, { vector: Float32Array }> = async (engine, model, items, options) => {
  const { ms, data, dimensions } = await engine.embed(model, pixelsOf(items), options);
  return { ms, results: items.map((item, i) => finite(item, row(data, i, dimensions), (vector) => ({ vector }))) };
};

const dense: Job<{ block?: number }, { vectors: Float32Array; dimensions: number; grid: readonly [number, number] }> = async (
  engine,
  model,
  items,
  options,
) => {
  const { ms, data, dimensions, grid } = await engine.dense(model, pixelsOf(items), options);
  const cut = (i: number) => row(data, i, grid[0] * grid[1] * dimensions);
  return { ms, results: items.map((item, i) => finite(item, cut(i), (vectors) => ({ vectors, dimensions, grid }))) };
};

const tokens: Job<unknown, { ids: Uint32Array; grid: readonly [number, number] }> = async (engine, model, items) => {
  const { ms, ids, grid } = await engine.tokens(model, pixelsOf(items));
  return { ms, results: items.map((_, i) => ({ ids: row(ids, i, grid[0] * grid[1]), grid })) };
};

const decode: Job<unknown, Picture> = async (engine, model, items) => {
  const { ms, data, width, height } = await engine.decode(model, joined(Uint32Array, items.map(({ ids }) => ids!)));
  return { ms, results: items.map((_, i) => ({ width, height, pixels: row(data, i, height * width * 3) })) };
};

const reconstruct: Job<unknown, { input: Picture; predicted: Picture }> = async (engine, model, items) => {
  const masks = joined(Uint8Array, items.map(({ mask }) => mask!));
  const { ms, width, height, input, predicted } = await engine.reconstruct(model, pixelsOf(items), masks);
  const picture = (data: Uint8Array, i: number) => ({ width, height, pixels: row(data, i, height * width * 3) });
  return { ms, results: items.map((_, i) => ({ input: picture(input, i), predicted: picture(predicted, i) })) };
};

const classify: Job<unknown, { classes: string[]; probabilities: Float32Array }> = async (engine, model, items) => {
  const { ms, classes, probabilities } = await engine.classify(model, pixelsOf(items));
  return {
    ms,
    results: items.map((item, i) => finite(item, row(probabilities, i, classes.length), (one) => ({ classes, probabilities: one }))),
  };
};

const attention: Job<{ block?: number }, { heads: Float32Array[]; grid: readonly [number, number] }> = async (
  engine,
  model,
  items,
  options,
) => {
  const { ms, heads, grid, weights } = await engine.attention(model, pixelsOf(items), options);
  const T = grid[0] * grid[1];
  const cut = (one: Float32Array) => ({ heads: Array.from({ length: heads }, (_, h) => row(one, h, T)), grid });
  return { ms, results: items.map((item, i) => finite(item, row(weights, i, heads * T), cut)) };
};

const embedTexts: Job<EmbedOptions & TextOptions, { vector: Float32Array; tokens: number }> = async (engine, model, items, options) => {
  const { ms, data, dimensions, ...told } = await engine.embedTexts(model, textsOf(items), options);
  return { ms, results: taken(items, told, (item, i, tokens) => finite(item, row(data, i, dimensions), (vector) => ({ vector, tokens }))) };
};

const classifyTexts: Job<TextOptions, { classes: string[]; probabilities: Float32Array }> = async (engine, model, items, options) => {
  const { ms, classes, probabilities, ...told } = await engine.classifyTexts(model, textsOf(items), options);
  const cut = (i: number) => row(probabilities, i, classes.length);
  return { ms, results: taken(items, told, (item, i) => finite(item, cut(i), (one) => ({ classes, probabilities: one }))) };
};

export const jobs = { embed, dense, tokens, decode, reconstruct, classify, attention, embedTexts, classifyTexts };
export type JobName = keyof typeof jobs;
export type OptionsOf<Name extends JobName> = Parameters<(typeof jobs)[Name]>[3];
export type ResultOf<Name extends JobName> = Exclude<Awaited<ReturnType<(typeof jobs)[Name]>>["results"][number], Error>;

const row = <Values extends Float32Array | Uint32Array | Uint8Array>(values: Values, i: number, length: number): Values =>
  values.subarray(i * length, (i + 1) * length) as Values;

/** A NaN must not travel on as a vector: it fails the one picture over which the model fails. */
function finite<Result>({ name }: Item, values: Float32Array, make: (values: Float32Array) => Result): Result | Error {
  return values.every(Number.isFinite)
    ? make(values)
    : new DataError(`${name}: the model's values for it are not finite; leave the picture out`);
}

const textsOf = (items: Item[]): string[] => items.map(({ text }) => text!);

/** The results of texts that the model could take, errors for the others. */
function taken<Result>(
  items: Item[],
  { tokens, faults }: Pick<TextVectors, "tokens" | "faults">,
  make: (item: Item, i: number, tokens: number) => Result | Error,
): (Result | Error)[] {
  const refused = new Map(faults.map(({ index, fault }) => [index, fault]));
  return items.map((item, i) => refused.has(i) ? new DataError(`${item.name}: ${refused.get(i)}`) : make(item, i, tokens[i]));
}

function pixelsOf(items: Item[]): Pixels {
  const data = joined(Uint8Array, items.map(({ pixels }) => pixels!));
  return { count: items.length, size: Math.sqrt(data.length / items.length / 3), data };
}

function joined<Values extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  Kind: new (length: number) => Values,
  parts: Values[],
): Values {
  const all = new Kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
