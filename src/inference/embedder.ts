// How vectors are made of a model, with everything chosen: block, pooling, length.

import { fingerprint } from "../checkpoint/fingerprint.ts";
import { RecipeError } from "../errors.ts";
import { unitRows } from "../evaluate/features.ts";
import type { AnyModelDescription, EmbedOptions, Pool, Vectors } from "./types.ts";

/** Which vectors of a picture are wanted: the fitted ones if nothing is said. */
export interface VectorOptions {
  /** The block after which the vector is taken, 0 for the embeddings; with `pool`, the model's own choice where both are absent. */
  block?: number;
  pool?: Pool;
  /** Values of a vector, of the lengths that the fitted whitening allows; all of them if absent. */
  dimensions?: number;
  /** As they leave the model, instead of with length 1. */
  raw?: boolean;
}

/** `Input` is a batch: pixels, or texts. */
interface Embeds<Input> {
  description: AnyModelDescription;
  embed(batch: Input, options: EmbedOptions): Promise<Vectors>;
}

/** A choice that a model can make vectors by. */
export interface ChosenVectors<Input> {
  /** Of all that makes a vector. */
  fingerprint: string;
  embed(batch: Input): Promise<Vectors>;
}

/** Checks a choice; `sign` goes before the names of options in errors. @throws RecipeError for what the model cannot do. */
export function chooseVectors<Input extends { count: number }>(
  model: Embeds<Input>,
  { block, pool, dimensions, raw = false }: VectorOptions,
  sign = "",
): ChosenVectors<Input> {
  const { id, abilities, blocks, embedding } = model.description, own = block === undefined && pool === undefined;
  if (!abilities.includes("embed")) throw new RecipeError(`${id}: has no encoder, only ${abilities.join(", ")}; give a model with one`);
  if (block !== undefined && !(Number.isInteger(block) && block >= 0 && block <= blocks)) {
    throw new RecipeError(`${sign}block is ${block}, ${id} has ${blocks} blocks; give 0 to ${blocks}`);
  }
  if (dimensions !== undefined && !(own && embedding.dimensions.includes(dimensions))) {
    const allowed = own ? embedding.dimensions.join(", ") : "none beside the fitted block and pooling";
    throw new RecipeError(`${sign}dimensions is ${dimensions}, ${id} was fitted for ${allowed}; leave it out or choose one of these`);
  }
  const all = { block, pool, dimensions, raw }, plain = own && dimensions === undefined && !raw;
  return {
    fingerprint: plain ? model.description.fingerprint : fingerprint({ of: model.description.fingerprint, ...all }, []),
    async embed(batch) {
      const vectors = cut(await model.embed(batch, { block, pool }), dimensions);
      if (raw) return vectors;
      const rows = unitRows({ rows: batch.count, dim: vectors.dimensions, values: vectors.data });
      return { ...vectors, data: rows.values as Float32Array<ArrayBuffer> };
    },
  };
}

/** Each vector's first values. */
function cut(vectors: Vectors, dimensions = vectors.dimensions): Vectors {
  const rows = vectors.data.length / vectors.dimensions, data = new Float32Array(rows * dimensions);
  for (let r = 0; r < rows; r++) {
    data.set(vectors.data.subarray(r * vectors.dimensions, r * vectors.dimensions + dimensions), r * dimensions);
  }
  return { ...vectors, dimensions, data };
}
