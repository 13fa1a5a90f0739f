import { add, layerNorm, linear, matmul, multiply, permute, qkvBias, slice, softmax } from "../../kernels/mod.ts";
import { ShapeError } from "../errors.ts";
import { constant, reshape, type Tensor } from "../graph.ts";
import type { Params } from "../nn/transformer.ts";
import type { Encoded } from "./beit.ts";
import type { BeitConfig } from "./beit_config.ts";

/**
 * Where each token of block `block` (1 to L) looks: the probabilities of its attention, (B, NH, T, T) of (query, key), the class token
 * first. They are computed for themselves from the block's input, since the model never holds those of all heads at once.
 *
 * ```ts
 * import { attentionMap, beit, beitConfig, beitParams, input, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 32, depth: 2, heads: 2 }), p = parameters(beitParams(config));
 * const map = attentionMap(p, beit(p, input("pictures", [1, 3, 32, 32]), config), 2, config);
 * console.assert(map.shape.join() === "1,2,17,17"); // class token and 16 patches
 * ```
 */
export function attentionMap(p: Params, { blocks, B, T, bias }: Encoded, block: number, { heads, normEps, dim: C }: BeitConfig): Tensor {
  if (!(block >= 1 && block in blocks)) {
    throw new ShapeError(`attentionMap: there is no block ${block}; choose one from 1 to ${blocks.length - 1}`);
  }
  const prefix = `blocks.${block - 1}.`, w = (name: string) => p[prefix + name], HS = C / heads;
  const x = layerNorm(reshape(blocks[block - 1], [B * T, C]), w("norm1.weight"), w("norm1.bias"), normEps);
  const qkv = linear(x, w("attn.qkv.weight"), { bias: qkvBias(w("attn.q_bias"), w("attn.v_bias")) });
  const [q, k] = [0, 1].map((i) => permute(reshape(slice(qkv, 1, i * C, (i + 1) * C), [B, T, heads, HS]), [0, 2, 1, 3]));
  const scores = multiply(matmul(q, k, { transposeB: true }), constant("scale", [1], [HS ** -0.5])), own = bias(prefix);
  return softmax(own ? add(scores, own) : scores);
}
