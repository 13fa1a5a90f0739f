import { CheckpointError } from "../errors.ts";
import { decode, decodeFloat32, decodeNumbers, type Dtype, type TensorData } from "./dtype.ts";

/** What a checkpoint's table says of a tensor. `bytes` is its size, `shape` [] a scalar. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** An open checkpoint of any format: the table is in memory, values are read when asked for. */
export abstract class Checkpoint {
  abstract readonly format: "safetensors" | "torch";
  /** How messages call it. */
  abstract readonly file: string;
  /** Every tensor by name. */
  abstract readonly tensors: ReadonlyMap<string, TensorInfo>;

  /** The tensor's bytes, row-major and little-endian, in its own dtype. */
  abstract readRaw(name: string): Promise<Uint8Array>;
  /** Releases the file; reading is an error afterwards. */
  abstract close(): Promise<void>;

  /**
   * The tensor's values, row-major: floating-point as Float32Array (F64 is rounded), BOOL as Uint8Array, integers in their own width
   * (I64 as BigInt64Array). Throws CheckpointError for an unknown name.
   */
  async read(name: string): Promise<TensorData> {
    return decode(this.info(name).dtype, await this.readRaw(name));
  }

  /** A floating-point tensor's values; integers are a CheckpointError. */
  async readFloat32(name: string): Promise<Float32Array> {
    return decodeFloat32(this.info(name).dtype, await this.readRaw(name), `${this.file}: ${name}`);
  }

  /** Any tensor as plain numbers (labels, indices, exact F64); an I64 beyond ±(2^53 - 1) is a CheckpointError. */
  async readNumbers(name: string): Promise<Float64Array> {
    return decodeNumbers(this.info(name).dtype, await this.readRaw(name), `${this.file}: ${name}`);
  }

  /** The table's entry; throws CheckpointError with some of the names there are. */
  info(name: string): TensorInfo {
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
