import { CheckpointError } from "../../errors.ts";

/** What is wrong with a pickle and what to do about it, without the name of the file: `explained` adds that. */
export class PickleFault extends Error {
  constructor(message: string, readonly advice = "the file is damaged or was not written by torch.save") {
    super(message);
  }
}

/** A pickle that goes on after the bytes given. */
export class PickleEnds extends PickleFault {}

/** Runs `act`, and turns its PickleFault into a CheckpointError that names the file. */
export function explained<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof PickleFault)) throw error;
    throw new CheckpointError(`${file}: ${error.message}; ${error.advice}`);
  }
}

/** Reads a pickle's opcodes and arguments; every read is checked against the end. */
export class PickleCursor {
  #bytes: Uint8Array;
  #view: DataView;

  constructor(bytes: Uint8Array, public at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(): number {
    return this.#bytes[this.#advance(1)];
  }
  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }
  u64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true);
    if (value > Number.MAX_SAFE_INTEGER) throw new PickleFault(`a length of ${value}`);
    return Number(value);
  }
  /** Big-endian, unlike everything else. */
  f64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.slice(start, start + length);
  }

  utf8(length: number): string {
    const start = this.#advance(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw new PickleFault(`a text of ${length} bytes that is not UTF-8`);
    }
  }

  /** Python 2's byte strings: names there are ASCII, binary values keep each byte as one character. */
  latin1(length: number): string {
    let text = "";
    for (const byte of this.bytes(length)) text += String.fromCharCode(byte);
    return text;
  }

  line(): string {
    const end = this.#bytes.indexOf(10, this.at);
    if (end < 0) throw new PickleEnds("a line without an end");
    const text = this.utf8(end - this.at);
    this.at = end + 1;
    return text;
  }

  /** A two's-complement integer; a bigint where a number cannot hold it. */
  integer(length: number): number | bigint {
    if (length > 1024) throw new PickleFault(`an integer of ${length} bytes`);
    let value = 0n;
    for (const byte of this.bytes(length).reverse()) value = (value << 8n) | BigInt(byte);
    value = BigInt.asIntN(length * 8, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  #advance(length: number): number {
    const start = this.at;
    if (start + length > this.#bytes.length) throw new PickleEnds(`${length} bytes wanted, ${this.#bytes.length - start} left`);
    this.at += length;
    return start;
  }
}
