// The table of ops: one line a folder.

export { add, divide, multiply, subtract } from "./arithmetic/arithmetic.ts";
export { abs, exp, log, relu, sigmoid, sqrt, square, tanh } from "./activations/activations.ts";
export { gelu, geluBackward, geluTanh } from "./gelu/gelu.ts";
export { layerNorm } from "./layer_norm/layer_norm.ts";
export { mean, sum, sumTo } from "./sum/sum.ts";
export { repeat } from "./sum/repeat.ts";
export { concat } from "./concat/concat.ts";
export { permute } from "./permute/permute.ts";
export { fold, unfold } from "./permute/unfold.ts";
export { pad, slice } from "./slice/slice.ts";
export { dropout } from "./dropout/dropout.ts";
export { dropPath, dropPathWith, keepMask } from "./dropout/drop_path.ts";
export { gumbel, normal, uniform } from "./random/random.ts";
export { Random, randomSource } from "./random/source.ts";
export { logSoftmax, softmax } from "./softmax/softmax.ts";
export { gather } from "./gather/gather.ts";
export { argmax, topK } from "./top_k/top_k.ts";
export { gumbelSoftmax } from "./gumbel_softmax/gumbel_softmax.ts";
export { straightThrough } from "./gumbel_softmax/straight_through.ts";
export { reparameterize } from "./reparameterize/reparameterize.ts";
export { crossEntropy, crossEntropyAndAccuracy } from "./cross_entropy/cross_entropy.ts";
export { maxPool } from "./max_pool/max_pool.ts";
export { adaptiveAvgPool, resize } from "./resize/resize.ts";
export { upsample } from "./upsample/upsample.ts";
