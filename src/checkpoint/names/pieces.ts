// Stored tensors under other names, under each other, and in equal parts; nothing is read before it is asked for.

import { CheckpointError } from "../../errors.ts";
import { StoredTensor } from "../checkpoint.ts";

/** The same tensor under another name. */
export function renamed(tensor: StoredTensor, name: string, file: string): StoredTensor {
  const { dtype, shape, bytes } = tensor;
  return tensor.name === name ? tensor : new StoredTensor({ name, dtype, shape, bytes }, file, () => tensor.readRaw());
}

/** Equal tensors under each other. */
export function joined(parts: StoredTensor[], name: string, file: string): StoredTensor {
  const [{ dtype, shape, bytes }] = parts;
  for (const part of parts) {
    if (part.dtype === dtype && String(part.shape) === String(shape)) continue;
    throw new CheckpointError(
      `${file}: ${part.name} (${part.shape.join(", ")}) ${part.dtype} does not fit to ${parts[0].name} (${
        shape.join(", ")
      }) ${dtype}; they must be equal in shape and dtype`,
    );
  }
  const whole = { name, dtype, shape: [shape[0] * parts.length, ...shape.slice(1)], bytes: bytes * parts.length };
  return new StoredTensor(whole, file, async () => {
    const all = new Uint8Array(whole.bytes);
    for (const [i, part] of parts.entries()) all.set(await part.readRaw(), i * bytes);
    return all;
  });
}

/** Rows of part `i` of `parts` equal ones. */
export function split(tensor: StoredTensor, name: string, i: number, parts: number, file: string): StoredTensor {
  const { dtype, shape, bytes } = tensor, size = bytes / parts;
  if (shape[0] % parts !== 0) {
    throw new CheckpointError(`${file}: ${tensor.name} (${shape.join(", ")}) cannot be parted in ${parts}; its rows must be a multiple`);
  }
  const part = { name, dtype, shape: [shape[0] / parts, ...shape.slice(1)], bytes: size };
  return new StoredTensor(part, file, async () => (await tensor.readRaw()).subarray(i * size, (i + 1) * size));
}
