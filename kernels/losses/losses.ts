// Losses over tensors of one shape, each reduced to shape (1).

import { ShapeError } from "../../src/errors.ts";
import type { Tensor } from "../../src/graph.ts";
import binaryCrossEntropyWgsl from "./binary_cross_entropy.wgsl" with { type: "text" };
import klNormalWgsl from "./kl_normal.wgsl" with { type: "text" };
import l1Wgsl from "./l1.wgsl" with { type: "text" };
import l2Wgsl from "./l2.wgsl" with { type: "text" };
import logitLaplaceWgsl from "./logit_laplace.wgsl" with { type: "text" };
import { reduced, type Reduction } from "./reduced.ts";
import smoothL1Wgsl from "./smooth_l1.wgsl" with { type: "text" };

/**
 * |x - y|, by default its mean.
 *
 * ```ts
 * import { constant, interpret, l1Loss } from "../../mod.ts";
 * const [y] = interpret([l1Loss(constant("x", [2], [1, 2]), constant("y", [2], [2, 4]))]);
 * console.assert(y.join() === "1.5");
 * ```
 */
export function l1Loss(x: Tensor, y: Tensor, reduction: Reduction = "mean"): Tensor {
  return l1({ a: x, b: y }, reduction);
}

/**
 * (x - y) squared, by default its mean: the mean squared error.
 *
 * ```ts
 * import { constant, interpret, l2Loss } from "../../mod.ts";
 * const [y] = interpret([l2Loss(constant("x", [2], [1, 2]), constant("y", [2], [2, 4]))]);
 * console.assert(y.join() === "2.5");
 * ```
 */
export function l2Loss(x: Tensor, y: Tensor, reduction: Reduction = "mean"): Tensor {
  return l2({ a: x, b: y }, reduction);
}

/**
 * (x - y)^2 / (2 beta) where |x - y| < beta and |x - y| - beta / 2 elsewhere, by default the mean.
 *
 * ```ts
 * import { constant, interpret, smoothL1Loss } from "../../mod.ts";
 * const [y] = interpret([smoothL1Loss(constant("x", [2], [0, 0]), constant("y", [2], [1, 3]))]);
 * console.assert(y.join() === "1.5");
 * ```
 */
export function smoothL1Loss(x: Tensor, y: Tensor, beta = 1, reduction: Reduction = "mean"): Tensor {
  if (!(beta > 0)) throw new ShapeError(`smoothL1Loss: beta is ${beta}; it must be above 0, or use l1Loss()`);
  return smoothL1({ a: x, b: y }, reduction, beta);
}

/**
 * Cross-entropy of sigmoid(logits) against probabilities in 0 to 1, by default its mean; safe for logits of any size.
 *
 * ```ts
 * import { binaryCrossEntropy, constant, exp, interpret } from "../../mod.ts";
 * const [y] = interpret([exp(binaryCrossEntropy(constant("logits", [1], [0]), constant("target", [1], [1])))]);
 * console.assert(y.join() === "2");
 * ```
 */
export function binaryCrossEntropy(logits: Tensor, target: Tensor, reduction: Reduction = "mean"): Tensor {
  return binary({ a: logits, b: target }, reduction);
}

/**
 * Divergence of the normal distribution with mean mu and variance exp(logvar) from the standard one (Kingma and Welling 2014, appendix
 * B): (mu^2 + exp(logvar) - logvar - 1) / 2, by default summed over all but the first axis and averaged over that.
 *
 * ```ts
 * import { constant, interpret, klNormal } from "../../mod.ts";
 * const [y] = interpret([klNormal(constant("mu", [1, 2], [1, 1]), constant("logvar", [1, 2], [0, 0]))]);
 * console.assert(y.join() === "1");
 * ```
 */
export function klNormal(mu: Tensor, logvar: Tensor, reduction: Reduction = "batchmean"): Tensor {
  return normal({ a: mu, b: logvar }, reduction);
}

/**
 * Negative log-likelihood of x, within 0 to 1, under the logit-Laplace distribution with location mu and scale exp(lnb) (Ramesh et al.
 * 2021, appendix A.3), by default its mean.
 *
 * ```ts
 * import { constant, interpret, logitLaplace } from "../../mod.ts";
 * const of = (name: string, value: number) => constant(name, [1], [value]);
 * const [y] = interpret([logitLaplace(of("mu", 0), of("lnb", 0), of("x", 0.5))]); // -ln(1 / (2 b x (1 - x)))
 * console.assert(Math.abs(y[0] + Math.log(2)) < 1e-6);
 * ```
 */
export function logitLaplace(mu: Tensor, lnb: Tensor, x: Tensor, reduction: Reduction = "mean"): Tensor {
  return laplace({ a: mu, b: lnb, c: x }, reduction);
}

const l1 = reduced({
  name: "l1_loss",
  chunk: l1Wgsl,
  loss: (a, b) => Math.abs(a - b),
  slopes: (a, b) => [Math.sign(a - b), Math.sign(b - a)],
});

const l2 = reduced({ name: "l2_loss", chunk: l2Wgsl, loss: (a, b) => (a - b) ** 2, slopes: (a, b) => [2 * (a - b), 2 * (b - a)] });

const smoothL1 = reduced({
  name: "smooth_l1_loss",
  chunk: smoothL1Wgsl,
  loss: (a, b, _, beta) => Math.abs(a - b) < beta ? (a - b) ** 2 / (2 * beta) : Math.abs(a - b) - beta / 2,
  slopes(a, b, _, beta) {
    const slope = Math.abs(a - b) < beta ? (a - b) / beta : Math.sign(a - b);
    return [slope, -slope];
  },
});

const binary = reduced({
  name: "binary_cross_entropy",
  chunk: binaryCrossEntropyWgsl,
  loss: (x, t) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))),
  slopes: (x, t) => [1 / (1 + Math.exp(-x)) - t, -x],
});

const normal = reduced({
  name: "kl_normal",
  chunk: klNormalWgsl,
  loss: (mu, logvar) => (mu ** 2 + Math.exp(logvar) - logvar - 1) / 2,
  slopes: (mu, logvar) => [mu, (Math.exp(logvar) - 1) / 2],
});

const logit = (x: number) => Math.log(x / (1 - x));
const laplace = reduced({
  name: "logit_laplace",
  chunk: logitLaplaceWgsl,
  loss: (mu, lnb, x) => Math.abs(logit(x) - mu) / Math.exp(lnb) + lnb + Math.log(2 * x * (1 - x)),
  slopes(mu, lnb, x) {
    const e = logit(x) - mu, slope = Math.sign(e) / Math.exp(lnb);
    return [-slope, 1 - e * slope, (slope + 1 - 2 * x) / (x * (1 - x))];
  },
});
