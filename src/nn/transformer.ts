// The pre-norm block of a vision transformer, under the names of BEiT's official checkpoints.

import { attention, dropPath, layerNorm, linear, qkvBias, type Random } from "../../kernels/mod.ts";
import { ShapeError } from "../errors.ts";
import type { Tensor } from "../graph.ts";
import type { Initial } from "./initial.ts";
import type { ParamSpec } from "./parameters.ts";

/** Parameters by name, as `parameters()` makes them. */
export type Params = Readonly<Record<string, Tensor>>;

/** The parameter of that name. @throws ShapeError when the model has none. */
export function required(p: Params, name: string): Tensor {
  if (!p[name]) throw new ShapeError(`the model has no ${name}; its configuration asks for no such head`);
  return p[name];
}

/** Sizes and start values of a pre-norm block. */
export interface BlockShape {
  /** C, channels of a token. */
  dim: number;
  /** NH. */
  heads: number;
  /** Channels inside the MLP. */
  hidden: number;
  /** Start value of gamma_1 and gamma_2; null: the block has none. */
  layerScale: number | null;
  /** Rows of the block's own table of relative positions, if it has one. */
  relativeRows?: number;
  /** Start values of the weights that enter a branch, and of those that leave it. */
  weight: Initial;
  outWeight: Initial;
}

/**
 * Every parameter of one block; all names begin with `prefix`, for example "blocks.3.".
 *
 * ```ts
 * import { blockParams } from "../../mod.ts";
 * const table = blockParams("blocks.0.", { dim: 32, heads: 4, hidden: 128, layerScale: null, weight: 0, outWeight: 0 });
 * console.assert(table["blocks.0.attn.qkv.weight"].shape.join() === "96,32" && !("blocks.0.gamma_1" in table));
 * ```
 */
export function blockParams(prefix: string, shape: BlockShape): Record<string, ParamSpec> {
  const { dim: C, heads, hidden: K, layerScale, relativeRows, weight, outWeight } = shape;
  const vector = (size: number, init = 0): ParamSpec => ({ shape: [size], init });
  const matrix = (out: number, inner: number, init: Initial): ParamSpec => ({ shape: [out, inner], init });
  const table: Record<string, ParamSpec> = {
    "norm1.weight": vector(C, 1),
    "norm1.bias": vector(C),
    "attn.q_bias": vector(C),
    "attn.v_bias": vector(C),
    "attn.qkv.weight": matrix(3 * C, C, weight),
    "attn.proj.weight": matrix(C, C, outWeight),
    "attn.proj.bias": vector(C),
    ...relativeRows && { "attn.relative_position_bias_table": matrix(relativeRows, heads, 0) },
    ...layerScale !== null && { "gamma_1": vector(C, layerScale), "gamma_2": vector(C, layerScale) },
    "norm2.weight": vector(C, 1),
    "norm2.bias": vector(C),
    "mlp.fc1.weight": matrix(K, C, weight),
    "mlp.fc1.bias": vector(K),
    "mlp.fc2.weight": matrix(C, K, outWeight),
    "mlp.fc2.bias": vector(C),
  };
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [prefix + name, spec]));
}

/** What a pre-norm block takes beside its parameters and x. */
export interface BlockOptions {
  heads: number;
  /** T. */
  tokens: number;
  /** Of both norms; BEiT's is 1e-6. */
  eps?: number;
  /** Added to the scores of the attention, (NH, T, T). */
  bias?: Tensor;
  /** 1 for a real token, 0 for padding, f32 (B, T). */
  keys?: Tensor;
  /** Stochastic depth: each sample leaves out each branch with probability `rate`. */
  drop?: { rate: number; random: Random };
}

/**
 * One block: x + gamma_1 * attention(norm1(x)), then the same with the MLP. x (B * T, C) → (B * T, C). The parameters are those of
 * `blockParams`; a block without gammas is one whose table has none.
 *
 * ```ts
 * import { blockParams, input, parameters, preNormBlock, truncatedNormalInitial } from "../../mod.ts";
 * const weight = truncatedNormalInitial(0.02, 2);
 * const p = parameters(blockParams("blocks.0.", { dim: 32, heads: 4, hidden: 128, layerScale: 0.1, weight, outWeight: weight }));
 * const x = input("x", [2 * 5, 32]); // two pictures of five tokens
 * console.assert(preNormBlock(p, "blocks.0.", x, { heads: 4, tokens: 5 }).shape.join() === "10,32");
 * ```
 */
export function preNormBlock(p: Params, prefix: string, x: Tensor, { heads, tokens, eps = 1e-6, bias, keys, drop }: BlockOptions): Tensor {
  const w = (name: string) => p[prefix + name];
  /** x + gamma * (branch weightᵀ + bias), the branch of some samples left out. */
  const joined = (x: Tensor, branch: Tensor, layer: string, gamma: string): Tensor => {
    const weight = w(`${layer}.weight`), epilogue = { bias: w(`${layer}.bias`), scale: w(gamma) };
    if (!drop?.rate) return linear(branch, weight, { ...epilogue, residual: x });
    return dropPath(linear(branch, weight, epilogue), drop.rate, drop.random, x.shape[0] / tokens, x);
  };
  const qkv = linear(layerNorm(x, w("norm1.weight"), w("norm1.bias"), eps), w("attn.qkv.weight"), {
    bias: qkvBias(w("attn.q_bias"), w("attn.v_bias")),
  });
  const y = joined(x, attention(qkv, { heads, tokens, bias, keys }), "attn.proj", "gamma_1");
  const h = linear(layerNorm(y, w("norm2.weight"), w("norm2.bias"), eps), w("mlp.fc1.weight"), {
    bias: w("mlp.fc1.bias"),
    activation: "gelu",
  });
  return joined(y, h, "mlp.fc2", "gamma_2");
}
