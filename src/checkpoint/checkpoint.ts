import { CheckpointError } from "../errors.ts";
import { decode, decodeFloat32, decodeNumbers, type Dtype, type TensorData } from "./dtype.ts";

/** What a checkpoint's table says of a tensor. `bytes` is its size, `shape` [] a scalar. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** A tensor in an open checkpoint: its entry of the table, and its values when asked for. */
export class StoredTensor implements TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: number;
  #where: string;
  #load: () => Promise<Uint8Array>;

  /** `load` brings the bytes that `readRaw` promises; `file` is how messages call the checkpoint. */
  constructor({ name, dtype, shape, bytes }: TensorInfo, file: string, load: () => Promise<Uint8Array>) {
    this.name = name;
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
    this.#where = `${file}: ${name}`;
    this.#load = load;
  }

  /** The bytes, row-major and little-endian, in the tensor's own dtype; they may share memory with a source that is in memory. */
  readRaw(): Promise<Uint8Array> {
    return this.#load();
  }

  /** The values, row-major: floating-point as Float32Array (F64 is rounded), BOOL as Uint8Array, integers in their own width (I64 as BigInt64Array). */
  async read(): Promise<TensorData> {
    return decode(this.dtype, await this.#load());
  }

  /** A floating-point tensor's values; integers are a CheckpointError. */
  async readFloat32(): Promise<Float32Array> {
    return decodeFloat32(this.dtype, await this.#load(), this.#where);
  }

  /** Any dtype as plain numbers (labels, indices, exact F64); an I64 beyond ±(2^53 - 1) is a CheckpointError. */
  async readNumbers(): Promise<Float64Array> {
    return decodeNumbers(this.dtype, await this.#load(), this.#where);
  }
}

/** An open checkpoint of any format: the table is in memory, values are read when asked for. `read...` throw CheckpointError for an unknown name. */
export abstract class Checkpoint {
  abstract readonly format: "safetensors" | "torch";
  /** How messages call it. */
  abstract readonly file: string;
  /** Every tensor by name. */
  abstract readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Releases the file; reading is an error afterwards. */
  abstract close(): Promise<void>;

  async readRaw(name: string): Promise<Uint8Array> {
    return await this.get(name).readRaw();
  }
  async read(name: string): Promise<TensorData> {
    return await this.get(name).read();
  }
  async readFloat32(name: string): Promise<Float32Array> {
    return await this.get(name).readFloat32();
  }
  async readNumbers(name: string): Promise<Float64Array> {
    return await this.get(name).readNumbers();
  }

  /** The tensor of that name; throws CheckpointError with some of the names there are. */
  get(name: string): StoredTensor {
    return lookUp(this.tensors, name, this.file);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** `tensors.get(name)`, or a CheckpointError that says which names the file has. */
export function lookUp<T>(tensors: ReadonlyMap<string, T>, name: string, file: string): T {
  const found = tensors.get(name);
  if (found !== undefined) return found;
  const some = [...tensors.keys()].slice(0, 3).join(", ");
  throw new CheckpointError(
    `${file}: has no tensor ${JSON.stringify(name)}, it has ${tensors.size}${some && ` (${some}, ...)`}; check the name`,
  );
}
