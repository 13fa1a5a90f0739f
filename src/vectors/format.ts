// A file format for named vectors, written row after row: the number of rows is known only at the end, so a head that states it is written
// again, at the same length, over the first one.

/** What every row of a file shares. */
export interface VectorSpec {
  /** D. */
  dim: number;
  /** Of what made the vectors: those of two fingerprints must not be compared. */
  fingerprint: string;
}

export interface Rows {
  names: readonly string[];
  /** (n, D) */
  values: Float32Array;
}

/** One file being written. Bytes are appended in the order of the calls. */
export interface Encoding {
  head(): Uint8Array;
  rows(rows: Rows): Uint8Array;
  /** What follows the last row; the head that replaces the first one; a file beside it, by what is added to the path. */
  end(): { tail?: Uint8Array; head?: Uint8Array; beside?: { extension: string; bytes: Uint8Array } };
}

export type Format = (spec: VectorSpec) => Encoding;

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The bytes of float32 values, little-endian as every machine is that runs WASM. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);
