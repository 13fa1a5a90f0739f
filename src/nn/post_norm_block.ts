// The post-norm block of BERT, under the names of Hugging Face's checkpoints; query, key and value lie under each other in one matrix.

import { add, attention, dropout, layerNorm, linear, type Random } from "../../kernels/mod.ts";
import type { Tensor } from "../graph.ts";
import type { Initial } from "./initial.ts";
import type { ParamSpec } from "./parameters.ts";
import type { BlockOptions, Params } from "./transformer.ts";

/** Sizes and start values of a post-norm block. */
export interface PostNormShape {
  /** C, channels of a token. */
  dim: number;
  /** Channels inside the MLP. */
  hidden: number;
  /** Start values of the matrices. */
  weight: Initial;
}

/** A linear layer, K to C channels. */
export function linearParams(name: string, C: number, K: number, weight: Initial): Record<string, ParamSpec> {
  return { [`${name}.weight`]: { shape: [C, K], init: weight }, [`${name}.bias`]: { shape: [C], init: 0 } };
}

/** A layer norm over C channels. */
export function normParams(name: string, C: number): Record<string, ParamSpec> {
  return { [`${name}.weight`]: { shape: [C], init: 1 }, [`${name}.bias`]: { shape: [C], init: 0 } };
}

/**
 * Every parameter of one block; all names begin with `prefix`, for example "bert.encoder.layer.3.".
 *
 * ```ts
 * import { postNormParams } from "../../mod.ts";
 * const table = postNormParams("layer.0.", { dim: 32, hidden: 128, weight: 0 });
 * console.assert(table["layer.0.attention.self.qkv.weight"].shape.join() === "96,32");
 * ```
 */
export function postNormParams(prefix: string, { dim: C, hidden: K, weight }: PostNormShape): Record<string, ParamSpec> {
  return {
    ...linearParams(`${prefix}attention.self.qkv`, 3 * C, C, weight),
    ...linearParams(`${prefix}attention.output.dense`, C, C, weight),
    ...normParams(`${prefix}attention.output.LayerNorm`, C),
    ...linearParams(`${prefix}intermediate.dense`, K, C, weight),
    ...linearParams(`${prefix}output.dense`, C, K, weight),
    ...normParams(`${prefix}output.LayerNorm`, C),
  };
}

/** What a post-norm block takes beside its parameters and x. */
export interface PostNormOptions extends Pick<BlockOptions, "heads" | "tokens" | "eps" | "bias" | "keys"> {
  /** Each value that leaves a branch is left out with probability `rate`. */
  dropout?: { rate: number; random: Random };
}

/**
 * One block: norm(x + attention(x)), then norm(y + mlp(y)) (Vaswani et al. 2017, Devlin et al. 2018). x (B * T, C) → (B * T, C).
 * The parameters are those of `postNormParams`.
 *
 * ```ts
 * import { input, parameters, postNormBlock, postNormParams } from "../../mod.ts";
 * const p = parameters(postNormParams("layer.0.", { dim: 32, hidden: 128, weight: 0 })), x = input("x", [2 * 5, 32]);
 * console.assert(postNormBlock(p, "layer.0.", x, { heads: 4, tokens: 5 }).shape.join() === "10,32");
 * ```
 */
export function postNormBlock(
  p: Params,
  prefix: string,
  x: Tensor,
  { heads, tokens, eps = 1e-12, bias, keys, dropout: drop }: PostNormOptions,
): Tensor {
  const w = (name: string) => p[prefix + name];
  const project = (x: Tensor, name: string, options?: Parameters<typeof linear>[2]) =>
    linear(x, w(`${name}.weight`), { bias: w(`${name}.bias`), ...options });
  const joined = (x: Tensor, branch: Tensor, name: string): Tensor => {
    const sum = drop?.rate
      ? add(x, dropout(project(branch, `${name}.dense`), drop.rate, drop.random))
      : project(branch, `${name}.dense`, { residual: x });
    return layerNorm(sum, w(`${name}.LayerNorm.weight`), w(`${name}.LayerNorm.bias`), eps);
  };
  const y = joined(x, attention(project(x, "attention.self.qkv"), { heads, tokens, bias, keys }), "attention.output");
  return joined(y, project(y, "intermediate.dense", { activation: "gelu" }), "output");
}
