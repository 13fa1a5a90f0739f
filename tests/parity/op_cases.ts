// How each op of the "ops" fixtures is made: beginning of the case's name, then the graph. The first line that fits counts.

import { dropPathWith } from "../../kernels/dropout/drop_path.ts";
import type { Tensor } from "../../src/graph.ts";
import { constant, reshape } from "../../src/graph.ts";
import {
  adaptiveAvgPool,
  add,
  attentionHeads,
  batchNorm,
  conv2d,
  convTranspose2d,
  crossEntropy,
  gather,
  gelu,
  geluTanh,
  gumbelSoftmax,
  klUniform,
  l2Loss,
  layerNorm,
  linear,
  logitLaplace,
  logSoftmax,
  maxPool,
  multiply,
  relu,
  resize,
  smoothL1Loss,
  softmax,
  subtract,
  unfold,
  upsample,
} from "../../kernels/mod.ts";

// deno-lint-ignore no-explicit-any
type Make = (t: Record<string, Tensor>, attributes: any) => Tensor;

const one = () => constant("one", [1], [1]);

export const opCases: [begin: string, make: Make][] = [
  ["layernorm", ({ x, w, b }, { eps }) => layerNorm(x, w, b, eps)],
  ["gelu_erf", ({ x }) => gelu(x)],
  ["gelu_tanh", ({ x }) => geluTanh(x)],
  ["softmax", ({ x }, { dim }) => softmax(x, dim ?? -1)],
  ["log_softmax", ({ x }, { dim }) => logSoftmax(x, dim)],
  ["attention_bias", ({ q, k, v, bias }) => attentionHeads(q, k, v, { bias })],
  ["linear", ({ x, w, b }) => linear(x, w, { bias: b })],
  ["convT", ({ x, w, b }, { stride, padding }) => convTranspose2d(x, w, { bias: b, stride, padding })],
  ["conv", ({ x, w, b }, { stride, padding }) => conv2d(x, w, { bias: b, stride, padding })],
  ["patch_embed", ({ x, w, b }, { patch }) => linear(unfold(x, patch), reshape(w, [w.shape[0], -1]), { bias: b })],
  ["relu", ({ x }) => relu(x)],
  ["maxpool2", ({ x }) => maxPool(x)],
  ["upsample_nearest2", ({ x }) => upsample(x)],
  ["interp_bilinear", ({ x }, { size }) => resize(x, size, "bilinear")],
  ["interp_bicubic", ({ x }, { size }) => resize(x, size, "bicubic")],
  ["adaptive_avgpool", ({ x }, { out }) => adaptiveAvgPool(x, [out, out])],
  ["batchnorm_train", ({ x, w, b }, { eps }) => batchNorm(x, w, b, eps).y],
  ["cross_entropy_smooth", ({ logits, target }, { label_smoothing }) => crossEntropy(logits, target, { smoothing: label_smoothing })],
  ["cross_entropy", ({ logits, target, weights }) => crossEntropy(logits, target, { weights })],
  ["soft_target_ce", ({ logits, target }) => crossEntropy(logits, target)],
  ["mse", ({ x, y }) => l2Loss(x, y)],
  ["smooth_l1", ({ x, y }, { beta }) => smoothL1Loss(x, y, beta)],
  ["logit_laplace_nll", ({ mu, lnb, x }) => logitLaplace(mu, lnb, x)],
  ["kl_categorical_uniform", ({ logits }, { dim }) => klUniform(logits, dim)],
  ["gumbel_softmax", ({ logits, gumbel }, { tau, dim }) => gumbelSoftmax(logits, constant("tau", [1], [tau]), gumbel, { axis: dim })],
  ["drop_path", ({ x, keep }, { drop_prob }) => dropPathWith(x, keep, drop_prob)],
  // x (B, N, C), tok (1, 1, C), w (B, N): x where w is 0, the mask token where it is 1.
  ["mask_token_mix", ({ x, tok, w }) => {
    const share = reshape(w, [...w.shape, 1]);
    return add(multiply(x, subtract(one(), share)), multiply(tok, share));
  }],
  ["layer_scale_residual", ({ x, gamma, f }) => add(x, multiply(f, gamma))],
  ["embedding", ({ table, idx }) => gather(table, idx)],
];
