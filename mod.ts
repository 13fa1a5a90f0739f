/**
 * Zellige: BEiT in TypeScript on WebGPU. This file is the list of public names; importing it opens nothing and needs no permission.
 *
 * ```ts
 * import { beitConfig, beitParams, initialValues, loadModel, saveBeit } from "./mod.ts";
 *
 * // A tiny encoder with random weights, to have something to load; a trained or published one is loaded alike.
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 32, depth: 2, heads: 2 }), path = await Deno.makeTempFile();
 * const weights = Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)]);
 * await saveBeit(path, config, Object.fromEntries(weights));
 *
 * await using model = await loadModel(path);
 * const { vectors } = await model.embed({ width: 32, height: 32, pixels: new Uint8Array(32 * 32 * 3) });
 * console.assert(vectors[0].length === 32);
 * ```
 *
 * The server is an entry of its own, `server.ts`, since it needs packages that nothing here does.
 *
 * @module
 */

// Every error that is thrown on purpose.
export * from "./src/errors.ts";

// A device: a GPU through WebGPU, or the CPU.
export { openDevice, type OpenOptions } from "./src/devices/mod.ts";
export type { Device, DeviceKind } from "./src/devices/device.ts";

// A trained or published model put to work.
export {
  type Embeddings,
  type LoadedModel,
  loadModel,
  type LoadOptions,
  type PictureInput,
  type VectorOptions,
} from "./src/inference/load_model.ts";
export { loadSegmenter, type Segmenter, type Segments } from "./src/inference/load_segmenter.ts";
export type { Ability, ModelDescription, Pool, View } from "./src/inference/types.ts";

// A training: started with a recipe, followed as an async iterator.
export { type TextRecipeOptions, train, type Training, type TrainOptions } from "./workers/train.ts";
export { type Recipe, type RecipeOptions, resolveRecipe, type StageName } from "./src/train/recipe.ts";
export { type Preset, presets as recipePresets } from "./src/train/presets/mod.ts";
export type { SessionEvent, SessionState } from "./src/train/session.ts";
export type { MetricLine } from "./src/train/run/metrics.ts";
export { type Finding, isThisNormal, type TrainingFacts, type Verdict } from "./src/train/report/is_this_normal.ts";

// The graph: tensors, ops of one's own, gradients, programs.
export { constant, defineOp, input, reshape, state } from "./src/graph.ts";
export type { Choice, CpuTensor, DType, Launch, LaunchContext, Numbers, OpSpec, Shape, Tensor } from "./src/graph.ts";
export { gradients } from "./src/gradients.ts";
export { compile, type CompileOptions, evaluate, type Program } from "./src/program.ts";
export { interpret } from "./src/interpret.ts";

// Every op.
export * from "./kernels/mod.ts";

// Layers: tables of parameters, start values, transformer blocks.
export { initialValues, parameters, type ParametersOptions, type ParamSpec } from "./src/nn/parameters.ts";
export { type Initial, normalInitial, truncatedNormalInitial, uniformInitial } from "./src/nn/initial.ts";
export { type BlockOptions, blockParams, type BlockShape, type Params, preNormBlock } from "./src/nn/transformer.ts";
export { postNormBlock, type PostNormOptions, postNormParams, type PostNormShape } from "./src/nn/post_norm_block.ts";

// Optimizers and schedules.
export { type Adamw, adamw, type AdamwOptions, type LossScale, newLossScale } from "./src/optim/adamw.ts";
export { type GroupOptions, parameterGroups } from "./src/optim/parameter_groups.ts";
export { constantSchedule, cosineSchedule, exponentialSchedule, linearSchedule, type Schedule } from "./src/optim/schedules.ts";

// Models: configuration, table of parameters, forward functions.
export { countValues, type Model, models } from "./src/models/mod.ts";
export { type BeitConfig, beitConfig, presets as beitPresets, windowOf } from "./src/models/beit_config.ts";
export { beit, beitParams, type Encoded } from "./src/models/beit.ts";
export * from "./src/models/beit_heads.ts";
export { attentionMap } from "./src/models/beit_attention.ts";
export { relativePositionIndex, relativePositionRows, type Window } from "./src/models/relative_position.ts";
export { resizeAbsolutePositions, resizeRelativePositions } from "./src/models/resize_positions.ts";
export * from "./src/models/segmentation.ts";
export {
  segment,
  type SegmentationHead,
  segmentationHead,
  segmentationParams,
  segmentationStatistics,
} from "./src/models/segmentation_head.ts";
export {
  type Segmented,
  upernet,
  type UpernetConfig,
  upernetConfig,
  upernetParams,
  type UpernetRun,
  upernetStatistics,
} from "./src/models/upernet.ts";
export { type Tokenizer, tokenizer, type TokenizerConfig, tokenizerConfig, tokenizerPresets } from "./src/models/tokenizer.ts";
export { type DvaeConfig, dvaeConfig, dvaeDecode, dvaeDecodeIds, dvaeLogits, dvaeParams, dvaePresets } from "./src/models/dvae.ts";
export {
  type VaeConfig,
  vaeConfig,
  vaeDecode,
  vaeEncode,
  vaeInterpolate,
  vaeLoss,
  vaeParams,
  vaePixels,
  vaePresets,
  vaeSample,
} from "./src/models/vae.ts";
export { bert, type BertInputs, bertParams, type EncodedText } from "./src/models/bert.ts";
export { type BertConfig, bertConfig, bertPresets } from "./src/models/bert_config.ts";
export {
  boundaryLogits,
  boundaryLoss,
  maskedTokenLogits,
  maskedTokenLoss,
  textClassLogits,
  textEmbedding,
} from "./src/models/bert_heads.ts";

// Checkpoints: safetensors and torch files, names official, timm and Hugging Face, ONNX.
export {
  type Checkpoint,
  type CheckpointSource,
  openCheckpoint,
  openSafetensors,
  openTorch,
  parseSafetensors,
  safetensorsBytes,
  type StoredTensor,
  type TensorInputs,
  writeSafetensors,
} from "./src/checkpoint/mod.ts";
export {
  type BeitCheckpoint,
  loadBeit,
  type LoadedBeit,
  loadSegmentation,
  openBeit,
  type OpenBeitOptions,
  saveBeit,
  saveHfBeit,
} from "./src/checkpoint/beit/mod.ts";
export { loadBert, type LoadedBert, saveHfBert } from "./src/checkpoint/bert/mod.ts";
export { readTokenizer, type TokenizerSource, type TokenizerWeights, withWeights, writeTokenizer } from "./src/checkpoint/tokenizer.ts";
export { readVae } from "./src/checkpoint/vae.ts";
export { type EmbedderSettings, readEmbedder, writeEmbedder } from "./src/checkpoint/embedder.ts";
export { beitOnnx, onnxBytes, type OnnxModel, writeOnnx } from "./src/checkpoint/onnx/mod.ts";

// Measures of features and tokens.
export {
  accuracy,
  bitsPerPixel,
  blockFeatures,
  chooseBlock,
  codebookStatistics,
  collect,
  colourHistogram,
  encoderFeatures,
  type Features,
  features as featureTable,
  fitStandardiser,
  fitWhitening,
  knnClassify,
  knnVote,
  linearProbe,
  nearest,
  pick as pickRows,
  probeClassify,
  psnr,
  qualityCard,
  rawPixels,
  retrieval,
  splits,
  standardise,
  tokenBaselines,
  unitRows,
  whiten,
} from "./src/evaluate/mod.ts";

// Masks, pictures, batches.
export { drawMask, type MaskOptions, type SampleMask } from "./src/data/mask.ts";
export type { Picture } from "./src/data/picture.ts";
export { encodePng } from "./src/data/encode.ts";
export type { DataSource } from "./src/data/datasets/mod.ts";

// Collections of vectors.
export {
  type Collection,
  exportLines,
  type Filter,
  type Hit,
  importLines,
  type Item,
  openStore,
  type Query,
  type Store,
} from "./src/store/mod.ts";
