import type { LoadedModel, LoadOptions } from "./loaded_model.ts";

export type { Embeddings, LoadedModel, LoadOptions } from "./loaded_model.ts";
export type { VectorOptions } from "./embedder.ts";
export type { PictureInput } from "./picture_input.ts";

/**
 * Puts a trained or published model on a device. `source` is the folder of a run of this program or of one of its checkpoints, a
 * safetensors or .pth file of BEiT (official, timm) or of a tokenizer, a Hugging Face folder, the address of any of these but a run
 * (a folder's ends with "/"), or DALL-E's tokenizer as "encoder.pkl,decoder.pkl".
 *
 * Decoders and models are loaded by the first call, not by the import of this module.
 *
 * @throws CheckpointError where nothing can be loaded from there, DeviceError where the device cannot be opened.
 *
 * ```ts
 * import { beitConfig, beitParams, initialValues, loadModel, saveBeit } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 32, depth: 2, heads: 2 }), path = await Deno.makeTempFile();
 * const weights = Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)]);
 * await saveBeit(path, config, Object.fromEntries(weights));
 *
 * await using model = await loadModel(path, { device: { device: "cpu", threads: 1 } });
 * const grey = { width: 40, height: 32, pixels: new Uint8Array(40 * 32 * 3).fill(128) };
 * const { dimensions, vectors } = await model.embed([grey, grey]); // or paths, bytes of files, ImageData
 * console.assert(dimensions === 32 && vectors.length === 2 && Math.abs(Math.hypot(...vectors[1]) - 1) < 1e-5);
 * ```
 */
export async function loadModel(source: string | URL, options: LoadOptions = {}): Promise<LoadedModel> {
  const file = "./loaded_model.ts"; // not in the call: Deno would read all behind it when this module is imported
  const { LoadedModel } = await import(file) as typeof import("./loaded_model.ts");
  return await LoadedModel.load(source, options);
}
