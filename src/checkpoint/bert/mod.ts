// BERT checkpoints, in and out.

export { bertMetadataKey, labelsMetadataKey, loadBert, type LoadedBert, tokenizerFiles } from "./load_bert.ts";
export { type SaveBertOptions, saveHfBert } from "./save_bert.ts";
