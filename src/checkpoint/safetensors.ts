import { Checkpoint, lookUp, StoredTensor, type TensorInfo } from "./checkpoint.ts";
import { decode, decodeFloat32, decodeNumbers, type TensorData } from "./dtype.ts";
import { type Header, headerLength, parseHeader } from "./safetensors_header.ts";
import { type ByteSource, type CheckpointSource, openSource } from "./source.ts";

/** An open safetensors file: `tensors` in the order of the data, `metadata` as written. */
export class Safetensors extends Checkpoint {
  readonly format = "safetensors";
  readonly file: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  #source: ByteSource;

  constructor(source: ByteSource, header: Header) {
    super();
    this.file = source.name;
    this.metadata = header.metadata;
    const stored = [...header.tensors.values()].map((info) =>
      new StoredTensor(info, source.name, () => source.read(info.offset, info.bytes))
    );
    this.tensors = new Map(stored.map((tensor) => [tensor.name, tensor]));
    this.#source = source;
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

/**
 * Opens a safetensors file and checks its whole header; tensors are read by range when asked for. Close it when done.
 *
 * Throws CheckpointError, naming file and reason, for anything that the format does not allow: a header that is too long, not JSON or
 * names a tensor twice, a size that is not the shape's, data that overlaps, is left over or lies outside the file.
 *
 * ```ts
 * import { openSafetensors, safetensorsBytes } from "../../mod.ts";
 * const bytes = await safetensorsBytes({ w: { shape: [2], data: Float32Array.of(1, 2) } });
 * await using opened = await openSafetensors(bytes); // or a path, an address, a Blob
 * console.assert((await opened.readFloat32("w")).join() === "1,2");
 * ```
 */
export async function openSafetensors(source: CheckpointSource): Promise<Safetensors> {
  return await safetensorsFrom(await openSource(source));
}

/** As `openSafetensors`, over a source that is already open; the source is closed when this throws. */
export async function safetensorsFrom(source: ByteSource): Promise<Safetensors> {
  try {
    const length = headerLength(await source.read(0, Math.min(8, source.size)), source.size, source.name);
    return new Safetensors(source, parseHeader(await source.read(8, length), source.size, source.name));
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** A safetensors file whose bytes are in memory: the same methods as `Safetensors`, without waiting. */
export interface ParsedSafetensors {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  read(name: string): TensorData;
  readFloat32(name: string): Float32Array;
  readNumbers(name: string): Float64Array;
  readRaw(name: string): Uint8Array;
}

/**
 * Parses safetensors bytes; `file` is how messages call them. What is read may share memory with `bytes`. Throws as `openSafetensors`.
 *
 * ```ts
 * import { parseSafetensors, safetensorsBytes } from "../../mod.ts";
 * const { tensors, readFloat32 } = parseSafetensors(await safetensorsBytes({ w: { shape: [2], data: Float32Array.of(1, 2) } }));
 * console.assert(tensors.get("w")!.dtype === "F32" && readFloat32("w").join() === "1,2");
 * ```
 */
export function parseSafetensors(bytes: Uint8Array, file = "bytes"): ParsedSafetensors {
  const length = headerLength(bytes.subarray(0, 8), bytes.length, file);
  const { tensors, metadata } = parseHeader(bytes.subarray(8, 8 + length), bytes.length, file);
  const take = (name: string) => {
    const { dtype, offset, bytes: size } = lookUp(tensors, name, file);
    return { dtype, raw: bytes.subarray(offset, offset + size), where: `${file}: ${name}` };
  };
  return {
    tensors,
    metadata,
    read(name) {
      const { dtype, raw } = take(name);
      return decode(dtype, raw);
    },
    readFloat32(name) {
      const { dtype, raw, where } = take(name);
      return decodeFloat32(dtype, raw, where);
    },
    readNumbers(name) {
      const { dtype, raw, where } = take(name);
      return decodeNumbers(dtype, raw, where);
    },
    readRaw: (name) => take(name).raw,
  };
}
