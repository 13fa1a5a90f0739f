// The table of ops: one line a folder.

export { add, divide, multiply, subtract } from "./arithmetic/arithmetic.ts";
export { layerNorm } from "./layer_norm/layer_norm.ts";
export { mean, sum, sumTo } from "./sum/sum.ts";
export { repeat } from "./sum/repeat.ts";
