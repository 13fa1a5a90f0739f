import type { Device, OpenOptions } from "../devices/mod.ts";
import type { Segmenter } from "./segmenter/segmenter.ts";

export type { Segmenter, Segments } from "./segmenter/segmenter.ts";

/**
 * Puts a model for semantic segmentation on a device. `source` is the folder of a run that was fine-tuned for it or of one of its
 * checkpoints, a Hugging Face folder, or a file of the official code.
 *
 * @throws CheckpointError where there is none, DeviceError where the device cannot be opened.
 *
 * ```ts
 * import { loadSegmenter } from "../../mod.ts";
 * async function largest(picture: string) { // "street.jpg", of any size
 *   await using model = await loadSegmenter("runs/streets");
 *   const { labels } = await model.segment(picture), counts = model.classes.map((_, k) => labels.filter((label) => label === k).length);
 *   return model.classes[counts.indexOf(Math.max(...counts))];
 * }
 * console.assert(typeof largest === "function");
 * ```
 */
export async function loadSegmenter(source: string, options: { device?: Device | OpenOptions } = {}): Promise<Segmenter> {
  const file = "./segmenter/segmenter.ts"; // not in the call: Deno would read all behind it when this module is imported
  const { Segmenter } = await import(file) as typeof import("./segmenter/segmenter.ts");
  return await Segmenter.load(source, options);
}
