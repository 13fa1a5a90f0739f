// Protocol buffers, written: the wire format of nested messages whose large parts are fetched only when their turn comes.
// Source: protobuf.dev/programming-guides/encoding.

/** Bytes that exist, or a promise of exactly so many. */
export type Piece = Uint8Array | { readonly length: number; read(): Promise<Uint8Array> };

const VARINT = 0, DELIMITED = 2, FIXED32 = 5;

/** A message under construction; fields stand in the order they are added. `length` is its size in bytes. */
export class Message {
  readonly pieces: Piece[] = [];
  length = 0;

  /** An int64 or enum: a whole number, negative ones as two's complement of 64 bits. */
  int(field: number, value: number): this {
    return this.#tag(field, VARINT).#add(varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#tag(field, FIXED32).#add(bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Piece): this {
    return this.#tag(field, DELIMITED).#add(varint(value.length)).#add(value);
  }

  /** A repeated int64, packed. */
  ints(field: number, values: readonly number[]): this {
    const packed = new Uint8Array(values.flatMap((value) => [...varint(value)]));
    return this.bytes(field, packed);
  }

  message(field: number, value: Message): this {
    this.#tag(field, DELIMITED).#add(varint(value.length));
    for (const piece of value.pieces) this.pieces.push(piece);
    this.length += value.length;
    return this;
  }

  #tag(field: number, wire: number): this {
    return this.#add(varint(field * 8 + wire));
  }

  #add(piece: Piece): this {
    this.pieces.push(piece);
    this.length += piece.length;
    return this;
  }
}

/** Seven bits a byte, the least first, the high bit set on all but the last. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.of(...bytes, Number(rest));
}
