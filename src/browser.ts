/**
 * The library for a web page: the names of mod.ts, of which those that work on files, runs and collections, and loadSegmenter(), need a
 * runtime with a file system. A page takes models and pictures from addresses, pixels from a canvas, and WebGPU from the browser. `deno task bundle` makes
 * JavaScript of it.
 *
 * @module
 */

import { LoadedModel } from "./inference/loaded_model.ts";

export * from "../mod.ts";

/** mod.ts's, with all behind it in the bundle. */
export const loadModel: typeof import("../mod.ts").loadModel = (source, options) => LoadedModel.load(source, options);
