// The two JSON files of a Hugging Face folder.

export { type HfBert, hfBertConfig, readBertConfig } from "./bert.ts";
export { hfConfig, type HfModel, readHfConfig } from "./config.ts";
export { type Preprocessing, preprocessorConfig, readPreprocessor } from "./preprocessor.ts";
export { type Segmentation, segmentationOf, upernetOf } from "./segmentation.ts";
