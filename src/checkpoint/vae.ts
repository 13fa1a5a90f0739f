// Weights of a Gaussian VAE: this project's own safetensors files, which carry their configuration.

import { CheckpointError, RecipeError } from "../errors.ts";
import { type VaeConfig, vaeConfig, vaeParams } from "../models/vae.ts";
import { openCheckpoint } from "./mod.ts";
import { expectTensors } from "./names/expect_tensors.ts";
import type { CheckpointSource } from "./source.ts";

/** Key of the safetensors metadata under which the configuration stands, as JSON. */
export const vaeMetadataKey = "vae";

/**
 * Reads a Gaussian VAE: its configuration, and values by the names of `vaeParams(config)`.
 *
 * @throws CheckpointError where the file does not say that it is one, or its tensors do not fit what it says.
 *
 * ```ts
 * import { initialValues, readVae, vaeConfig, vaeParams, writeSafetensors } from "../../mod.ts";
 * const config = vaeConfig({ imageSize: 8, channels: 1, hidden: 16 }), path = await Deno.makeTempFile();
 * const tensors = Object.entries(vaeParams(config)).map(([name, spec]) => [name, { shape: spec.shape, data: initialValues(name, spec, 0) }]);
 * await writeSafetensors(path, Object.fromEntries(tensors), { vae: JSON.stringify(config) }); // as a VAE's training does
 * console.assert((await readVae(path)).config.hidden === 16);
 * ```
 */
export async function readVae(source: CheckpointSource): Promise<{ config: VaeConfig; weights: Record<string, Float32Array> }> {
  await using opened = await openCheckpoint(source);
  const { file, tensors } = opened, written = "metadata" in opened ? opened.metadata[vaeMetadataKey] : undefined;
  if (written === undefined) throw new CheckpointError(`${file}: does not say that it is a VAE; give the weights of a VAE's training`);
  const config = configured(written, file), table = vaeParams(config), weights: Record<string, Float32Array> = {};
  expectTensors(tensors, { shapes: Object.fromEntries(Object.entries(table).map(([name, { shape }]) => [name, shape])) }, file);
  for (const name of Object.keys(table)) weights[name] = await tensors.get(name)!.readFloat32();
  return { config, weights };
}

function configured(written: string, file: string): VaeConfig {
  try {
    return vaeConfig(JSON.parse(written), file);
  } catch (error) {
    const reason = error instanceof RecipeError ? error.message : `${file}: its configuration is not JSON`;
    throw new CheckpointError(`${reason}; write the file again`, { cause: error });
  }
}
