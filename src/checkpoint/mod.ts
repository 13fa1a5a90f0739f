// Checkpoints of every format that BEiT and dVAE weights are published in.

import { CheckpointError } from "../errors.ts";
import { type Safetensors, safetensorsFrom } from "./safetensors.ts";
import { type CheckpointSource, openSource } from "./source.ts";
import { isLegacy } from "./torch/legacy.ts";
import { type TorchCheckpoint, torchFrom, type TorchOptions } from "./torch/torch.ts";

export { atomicWrite } from "./atomic_write.ts";
export { Checkpoint, StoredTensor, type TensorInfo } from "./checkpoint.ts";
export type { Dtype, TensorData } from "./dtype.ts";
export { openSafetensors, parseSafetensors, Safetensors } from "./safetensors.ts";
export { safetensorsBytes, type TensorInput, type TensorInputs, writeSafetensors } from "./safetensors_write.ts";
export type { CheckpointSource } from "./source.ts";
export { openTorch, TorchCheckpoint, type TorchOptions } from "./torch/torch.ts";

/**
 * Opens a checkpoint of whatever format it is, judged by its first bytes, never by its name. `options` are for files of torch.save.
 *
 * Throws CheckpointError with the first bytes when they belong to no known format.
 *
 * ```ts
 * const bytes = await safetensorsBytes({ "norm.weight": { shape: [2], data: Float32Array.of(1, 1) } });
 * await using checkpoint = await openCheckpoint(bytes); // or a path, an address, a Blob
 * for (const { name, dtype, shape } of checkpoint.tensors.values()) console.assert(name === "norm.weight" && dtype === "F32" && shape[0] === 2);
 * const weight: Float32Array = await checkpoint.readFloat32("norm.weight");
 * console.assert(weight[0] === 1);
 * ```
 */
export async function openCheckpoint(source: CheckpointSource, options?: TorchOptions): Promise<Safetensors | TorchCheckpoint> {
  const opened = await openSource(source);
  const head = await opened.read(0, Math.min(opened.size, 32)).catch(async (error) => {
    await opened.close();
    throw error;
  });
  if ((head[0] === 0x50 && head[1] === 0x4b) || isLegacy(head)) return await torchFrom(opened, options); // PK: a zip archive
  if (head[8] === 0x7b) return await safetensorsFrom(opened); // { after the header's length
  await opened.close();
  const start = JSON.stringify(String.fromCharCode(...head.subarray(0, 24)));
  const advice = start.startsWith('"version https://git-lfs')
    ? "this is a Git LFS pointer, fetch the file itself"
    : "give a safetensors file or one of torch.save";
  throw new CheckpointError(`${opened.name}: is no known checkpoint format, it begins with ${start}; ${advice}`);
}
