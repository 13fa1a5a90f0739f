import { CheckpointError } from "../errors.ts";
import { atomicWrite, type FileSystem } from "./atomic_write.ts";
import { bytesPer, type Dtype, dtypeOf, encodable, encode } from "./dtype.ts";
import { maxHeaderBytes } from "./safetensors_header.ts";

/** A tensor to write. Without `dtype` it is the array's own (Float32Array: F32). Float32Array may be narrowed to F16 or BF16; those also take raw patterns (Uint16Array). */
export interface TensorInput {
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
  readonly dtype?: Dtype;
}

/** A tensor whose values are fetched when its turn to be written comes, so that a model on a device is never all on the host. */
export interface LazyTensorInput {
  readonly shape: readonly number[];
  readonly data: () => Promise<ArrayBufferView>;
  readonly dtype: Dtype;
}

/** Tensors to write, by name. */
export type TensorInputs = Readonly<Record<string, TensorInput | LazyTensorInput>> | ReadonlyMap<string, TensorInput | LazyTensorInput>;

/**
 * Writes a safetensors file, one tensor at a time, whole or not at all (see `atomicWrite`).
 *
 * Layout as the reference library's: wide dtypes first, names in order, the header padded to 8 bytes, so that every tensor is aligned and
 * equal contents give equal files. Throws CheckpointError when an array's size or type does not fit its shape and dtype.
 *
 * ```ts
 * import { openSafetensors } from "./safetensors.ts";
 * const path = await Deno.makeTempFile();
 * await writeSafetensors(path, { "head.weight": { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } }, { format: "pt" });
 * await using written = await openSafetensors(path);
 * console.assert((await written.readFloat32("head.weight"))[3] === 4 && written.metadata.format === "pt");
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: TensorInputs,
  metadata: Readonly<Record<string, string>> = {},
  fs?: FileSystem,
) {
  await atomicWrite(path, chunksOf(tensors, metadata, path), fs);
}

/**
 * As `writeSafetensors`, into memory.
 *
 * ```ts
 * import { parseSafetensors, safetensorsBytes } from "../../mod.ts";
 * const bytes = await safetensorsBytes({ w: { shape: [2], data: Float32Array.of(1, 2) } });
 * console.assert(parseSafetensors(bytes).tensors.get("w")!.shape.join() === "2");
 * ```
 */
export async function safetensorsBytes(
  tensors: TensorInputs,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const blob = [];
  for await (const chunk of chunksOf(tensors, metadata, "bytes")) blob.push(chunk as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(blob).arrayBuffer());
}

// As in the reference library: by width, and within a width in the order of its list of dtypes.
const widestFirst: Dtype[] = ["U64", "I64", "F64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16", "I8", "U8", "BOOL"];

async function* chunksOf(tensors: TensorInputs, metadata: Readonly<Record<string, string>>, where: string): AsyncGenerator<Uint8Array> {
  const entries = [...(tensors instanceof Map ? tensors : Object.entries(tensors)) as Iterable<[string, TensorInput | LazyTensorInput]>];
  const planned = entries.map(([name, tensor]) => plan(name, tensor, where));
  planned.sort((a, b) => widestFirst.indexOf(a.dtype) - widestFirst.indexOf(b.dtype) || (a.name < b.name ? -1 : 1));
  yield header(planned, metadata, where);
  for (const { name, dtype, shape, bytes, data } of planned) {
    const values = typeof data === "function" ? await data() : data;
    if (!encodable(dtype, values)) {
      throw new CheckpointError(
        `${where}: ${name} is given as ${values.constructor.name}, which is not ${dtype}; convert it or name its dtype`,
      );
    }
    const raw = encode(dtype, values);
    if (raw.length !== bytes) {
      throw new CheckpointError(
        `${where}: ${name} has ${raw.length} bytes, ${dtype} (${shape.join(", ")}) needs ${bytes}; check its shape`,
      );
    }
    yield raw;
  }
}

function plan(name: string, { shape, data, dtype: named }: TensorInput | LazyTensorInput, where: string) {
  const dtype = named ?? (typeof data === "function" ? undefined : dtypeOf(data));
  if (dtype === undefined) {
    throw new CheckpointError(`${where}: ${name} is given as ${data.constructor.name}, which has no dtype; give a typed array`);
  }
  if (name === "__metadata__") throw new CheckpointError(`${where}: a tensor cannot be called __metadata__; rename it`);
  return { name, dtype, shape, data, bytes: shape.reduce((product, size) => product * size, bytesPer[dtype]) };
}

function header(planned: ReturnType<typeof plan>[], metadata: Readonly<Record<string, string>>, where: string): Uint8Array {
  const parts = Object.keys(metadata).length ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  let offset = 0;
  for (const { name, dtype, shape, bytes } of planned) { // joined by hand: an object would move names like "0" to the front
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, offset + bytes] })}`);
    offset += bytes;
  }
  const text = new TextEncoder().encode(`{${parts.join(",")}}`);
  if (text.length > maxHeaderBytes) {
    throw new CheckpointError(`${where}: the header needs ${text.length} bytes, safetensors allows ${maxHeaderBytes}; write fewer tensors`);
  }
  const padded = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(text, 8);
  return padded;
}
