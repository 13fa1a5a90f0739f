// Vectors as answers have them: a type of number, as a list or as the base64 of its little-endian bytes.

import { z } from "npm:zod@4.6.7";

export const EncodingFormat = z.enum(["float", "base64"]).default("float").meta({
  description: "a list, or base64 of the little-endian bytes",
});
export const EmbeddingType = z.enum(["f32", "f16", "int8", "ubinary"]).default("f32").meta({
  description:
    "int8: value * scale / 127, with the vector's own scale; ubinary: a bit a value, 1 where it is positive, first value in the highest bit",
});
export type EmbeddingType = z.infer<typeof EmbeddingType>;

export interface Encoded {
  embedding: number[] | string;
  /** Of int8: the largest absolute value. */
  scale?: number;
}

export function encodeVector(vector: Float32Array, type: EmbeddingType, format: "float" | "base64"): Encoded {
  const { values, scale } = convert[type](vector);
  const embedding = format === "float"
    ? Array.from(values as ArrayLike<number>)
    : new Uint8Array(values.buffer, values.byteOffset, values.byteLength).toBase64();
  return { embedding, ...scale !== undefined && { scale } };
}

type Converted = { values: Float32Array | Float16Array | Int8Array | Uint8Array; scale?: number };

const convert: Record<EmbeddingType, (vector: Float32Array) => Converted> = {
  f32: (values) => ({ values }),
  f16: (vector) => ({ values: Float16Array.from(vector) }),
  int8(vector) {
    const scale = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return { values: Int8Array.from(vector, (value) => scale && Math.round(value / scale * 127)), scale };
  },
  ubinary(vector) {
    const values = new Uint8Array(Math.ceil(vector.length / 8));
    vector.forEach((value, i) => value > 0 && (values[i >> 3] |= 0x80 >> (i & 7)));
    return { values };
  },
};

/** The vector with length 1; one of zeros stays. */
export function normalized(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? vector.map((value) => value / length) : vector;
}
