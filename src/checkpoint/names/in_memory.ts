// Tensors in memory as a checkpoint's, and a checkpoint's tensors as the writer wants them.

import { StoredTensor } from "../checkpoint.ts";
import type { LazyTensorInput } from "../safetensors_write.ts";
import type { StoredTensors } from "./convert.ts";

/** Float32 values by name, as if they had been opened: no copy is made. */
export function asStored(
  tensors: Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>,
  file = "memory",
): Map<string, StoredTensor> {
  return new Map(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [name, new StoredTensor({ name, dtype: "F32", shape, bytes: raw.length }, file, () => Promise.resolve(raw))];
    }),
  );
}

/** For `writeSafetensors`: every tensor in its dtype and bit by bit, read when its turn comes. */
export function asInputs(tensors: StoredTensors): Map<string, LazyTensorInput> {
  return new Map([...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, dtype: tensor.dtype, data: () => valuesOf(tensor) }]));
}

/** Values that are written as they were stored: `read()` rounds F64, and widens the halves. */
async function valuesOf(tensor: StoredTensor): Promise<ArrayBufferView> {
  if (tensor.dtype === "F64") return await tensor.readNumbers();
  if (tensor.dtype !== "F16" && tensor.dtype !== "BF16") return await tensor.read();
  return new Uint16Array(new Uint8Array(await tensor.readRaw()).buffer); // a copy: the bytes may lie at an odd place
}
