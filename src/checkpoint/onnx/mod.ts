// ONNX files of a BEiT: the encoder with its embedding or its classifier.

export { beitOnnx, type OnnxEmbedding, type OnnxOptions, type OnnxOutput, type OnnxWhitening } from "./beit.ts";
export { onnxBytes, type OnnxModel, writeOnnx } from "./model.ts";
