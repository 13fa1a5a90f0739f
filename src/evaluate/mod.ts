// Measures of features and tokens.
export { bitsPerPixel, type CodebookStatistics, codebookStatistics, psnr, whatToDo } from "./codebook.ts";
export { type BlockChoice, type BlockFeatures, type BlockScore, type ChoiceOptions, chooseBlock, type Pool } from "./choose_block.ts";
export { colourHistogram, type Pixels, rawPixels } from "./baselines.ts";
export { collect, type Features, features, pick, unitRows } from "./features.ts";
export { accuracy, knnClassify, type KnnOptions, knnVote } from "./knn.ts";
export { type Labelled, type LinearProbe, linearProbe, probeClassify, type ProbeOptions } from "./linear_probe.ts";
export { nearest, type Neighbours } from "./neighbours.ts";
export { nearestOn } from "./neighbours_on.ts";
export { type Candidate, type QualityCard, qualityCard, type QualityOptions, type Spread } from "./quality_card.ts";
export { type Retrieval, retrieval } from "./retrieval.ts";
export { labelledShare, type SplitOptions, type Splits, splits } from "./splits.ts";
export { fitStandardiser, standardise, type Standardiser } from "./standardise.ts";
export { countTokens, type TokenBaselines, tokenBaselines } from "./token_statistics.ts";
export { fitWhitening, whiten, type Whitening, type WhiteningOptions } from "./whitening.ts";
export { blockFeatures, type EncoderFeatures, encoderFeatures, type EncoderFeaturesOptions } from "./encoder_features.ts";
