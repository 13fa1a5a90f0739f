// BEiT checkpoints: open, load, save.

export { inferBeitConfig } from "./infer_config.ts";
export { type LoadedSegmentation, loadSegmentation, pixelClassesKey, segmentationKey } from "./load_segmentation.ts";
export { BeitCheckpoint, loadBeit, type LoadedBeit, openBeit, type OpenBeitOptions, startingFrom } from "./open_beit.ts";
export { type BeitValues, saveBeit, type SaveBeitOptions, saveHfBeit, type SaveHfOptions } from "./save_beit.ts";
