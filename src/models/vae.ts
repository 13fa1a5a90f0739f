// The Gaussian VAE (Kingma and Welling 2014): an encoder to the mean and log variance of z, a draw of z with their gradient, a decoder back.
// loss = reconstruction + 1/2 sum(mu^2 + sigma^2 - log sigma^2 - 1), summed over a picture and averaged over the batch.

import {
  add,
  binaryCrossEntropy,
  conv2d,
  convTranspose2d,
  klNormal,
  l2Loss,
  linear,
  multiply,
  normal,
  type Random,
  relu,
  reparameterize,
  sigmoid,
  tanh,
} from "../../kernels/mod.ts";
import { z } from "npm:zod@4.6.7";
import { RecipeError, ShapeError } from "../errors.ts";
import { constant, reshape, type Tensor } from "../graph.ts";
import { parseWith, strictObject } from "../schema.ts";
import { type Initial, uniformInitial } from "../nn/initial.ts";
import type { ParamSpec } from "../nn/parameters.ts";

const count = (description: string) => z.int().positive().meta({ description });

export const VaeConfig = strictObject(() => ({
  form: z.enum(["mlp", "conv"]).default("mlp").meta({ description: "dense layers, or convolutions of stride 2 around one of them" }),
  imageSize: z.union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])])
    .meta({ description: "pixels per side, or [height, width]" }),
  channels: count("of a picture; 1: grey").default(3),
  latents: count("of z").default(2),
  hidden: count("units of the dense layer on each side").default(512),
  widths: z.array(z.int().positive()).min(1).default([32, 64]).meta({ description: "conv: channels of each halving" }),
  activation: z.enum(["relu", "tanh"]).default("relu"),
  likelihood: z.enum(["bernoulli", "gaussian"]).default("bernoulli")
    .meta({ description: "reconstruction: binary cross-entropy, or squared error" }),
}), ({ form, imageSize, widths }, context) => {
  const scale = 2 ** widths.length, uneven = [imageSize].flat().find((side) => side % scale);
  if (form !== "conv" || !uneven) return;
  context.addIssue({ code: "custom", path: ["imageSize"], message: `${widths.length} halvings do not divide a side of ${uneven}` });
});
/** Sizes and form of a Gaussian VAE, defaults filled in; `vaeConfig()` makes and checks it. */
export type VaeConfig = z.infer<ReturnType<typeof VaeConfig>>;
/** As it may be written: fields with a default may be absent. */
export type VaeOptions = z.input<ReturnType<typeof VaeConfig>>;

/** For 28 x 28 grey digits and two latents, so that the latents are a map. */
export const vaePresets = {
  "mnist-mlp": { imageSize: 28, channels: 1, latents: 2, hidden: 512 },
  "mnist-conv": { form: "conv", imageSize: 28, channels: 1, latents: 2, hidden: 128, widths: [32, 64] },
} satisfies Record<string, VaeOptions>;

/**
 * The configuration with its defaults filled in. Throws RecipeError with every fault by name; `where` is how its message begins.
 *
 * ```ts
 * import { vaeConfig, vaePresets } from "../../mod.ts";
 * console.assert(vaeConfig(vaePresets["mnist-conv"]).latents === 2);
 * ```
 */
export function vaeConfig(options: unknown, where = "vae"): VaeConfig {
  return parseWith(VaeConfig(), options, (faults) => new RecipeError(`${where}: ${faults}`));
}

/**
 * Every parameter: shape and start value, Glorot's uniform. Dense weights are (out, in), convolutions (out, in, 4, 4).
 *
 * ```ts
 * import { vaeConfig, vaeParams } from "../../mod.ts";
 * const table = vaeParams(vaeConfig({ imageSize: 8, channels: 1, latents: 3, hidden: 16 }));
 * console.assert(table["mu.weight"].shape.join() === "3,16");
 * ```
 */
export function vaeParams(config: VaeConfig): Record<string, ParamSpec> {
  const { form, channels, latents, hidden, widths } = config, [h, w] = inside(config);
  const table: Record<string, ParamSpec> = {};
  const layer = (name: string, shape: number[], out: number, inner: number) => {
    const init: Initial = uniformInitial(Math.sqrt(6 / (inner + out)));
    table[`${name}.weight`] = { shape, init };
    table[`${name}.bias`] = { shape: [name.startsWith("up") ? shape[1] : shape[0]], init: 0 };
  };
  const dense = (name: string, out: number, inner: number) => layer(name, [out, inner], out, inner);
  const steps = [channels, ...widths], flat = form === "conv" ? steps[widths.length] * h * w : channels * h * w;
  if (form === "conv") widths.forEach((out, i) => layer(`down.${i}`, [out, steps[i], 4, 4], out * 16, steps[i] * 16));
  dense("enc", hidden, flat);
  dense("mu", latents, hidden);
  dense("logvar", latents, hidden);
  dense("dec1", hidden, latents);
  dense("dec2", flat, hidden);
  if (form === "conv") widths.forEach((inner, i) => layer(`up.${i}`, [inner, steps[i], 4, 4], steps[i] * 16, inner * 16));
  return table;
}

type Params = Record<string, Tensor>;

/**
 * Mean and log variance (B, latents) of pictures (B, channels, H, W) within 0 to 1.
 *
 * ```ts
 * import { input, parameters, vaeConfig, vaeDecode, vaeEncode, vaeParams, vaePresets } from "../../mod.ts";
 * const config = vaeConfig(vaePresets["mnist-mlp"]), p = parameters(vaeParams(config));
 * const { mu, logvar } = vaeEncode(p, input("pictures", [4, 1, 28, 28]), config);
 * console.assert(mu.shape.join() === "4,2" && logvar.shape.join() === "4,2" && vaeDecode(p, mu, config).shape.join() === "4,1,28,28");
 * ```
 */
export function vaeEncode(p: Params, pictures: Tensor, config: VaeConfig): { mu: Tensor; logvar: Tensor } {
  const [H, W] = [config.imageSize, config.imageSize].flat(), size = config.channels * H * W, B = pictures.shape[0];
  if (pictures.size !== B * size) {
    throw new ShapeError(`vae: ${pictures} is not (B, ${config.channels}, ${H}, ${W}); resize the pictures, or change imageSize`);
  }
  let x = reshape(pictures, [B, config.channels, H, W]);
  if (config.form === "conv") {
    for (const i of config.widths.keys()) {
      x = activated(conv2d(x, p[`down.${i}.weight`], { bias: p[`down.${i}.bias`], stride: 2, padding: 1 }), config);
    }
  }
  const h = activated(dense(p, "enc", reshape(x, [B, -1])), config);
  return { mu: dense(p, "mu", h), logvar: dense(p, "logvar", h) };
}

/**
 * Logits of the pixels, (B, channels, H, W), of z (B, latents); `vaePixels` makes them pixels.
 *
 * ```ts
 * import { input, parameters, vaeConfig, vaeDecode, vaeParams } from "../../mod.ts";
 * const config = vaeConfig({ imageSize: 8, channels: 1, hidden: 16 }), p = parameters(vaeParams(config));
 * console.assert(vaeDecode(p, input("z", [4, 2]), config).shape.join() === "4,1,8,8");
 * ```
 */
export function vaeDecode(p: Params, z: Tensor, config: VaeConfig): Tensor {
  const B = z.shape[0], last = config.widths.length, [h, w] = inside(config);
  const x = dense(p, "dec2", activated(dense(p, "dec1", z), config));
  if (config.form === "mlp") return reshape(x, [B, config.channels, h, w]);
  let y = reshape(x, [B, config.widths[last - 1], h, w]);
  for (let i = last - 1; i >= 0; i--) {
    y = convTranspose2d(activated(y, config), p[`up.${i}.weight`], { bias: p[`up.${i}.bias`], stride: 2, padding: 1 });
  }
  return y;
}

/**
 * Pixels within 0 to 1 of the decoder's logits.
 *
 * ```ts
 * import { constant, interpret, vaePixels } from "../../mod.ts";
 * console.assert(interpret([vaePixels(constant("logits", [1], [0]))])[0].join() === "0.5");
 * ```
 */
export function vaePixels(logits: Tensor): Tensor {
  return sigmoid(logits);
}

export interface VaeLossOptions {
  /**
   * "elbo" trains the VAE; "no-kl" leaves the divergence out, so that the variance goes to zero and an autoencoder is left; "prior" draws z
   * from N(0, I) without looking at the picture, which does not train: every z must then explain every picture.
   */
  objective?: "elbo" | "no-kl" | "prior";
}

export interface VaeLoss {
  /** What is minimised, and its two terms, each (1): summed over a picture, averaged over the batch. */
  loss: Tensor;
  reconstruction: Tensor;
  kl: Tensor;
  mu: Tensor;
  logvar: Tensor;
  z: Tensor;
  /** Of the pixels, (B, channels, H, W). */
  logits: Tensor;
  /** Pixels within 0 to 1. */
  pictures: Tensor;
}

/**
 * The negative evidence lower bound of pictures. `noise` is N(0, 1) of z's shape, or drawn.
 *
 * ```ts
 * import { input, parameters, randomSource, vaeConfig, vaeLoss, vaeParams } from "../../mod.ts";
 * const config = vaeConfig({ imageSize: 8, channels: 1, hidden: 16 }), p = parameters(vaeParams(config));
 * const { loss, z, pictures } = vaeLoss(p, input("pictures", [4, 1, 8, 8]), config, randomSource());
 * console.assert(loss.size === 1 && z.shape.join() === "4,2" && pictures.shape.join() === "4,1,8,8");
 * ```
 */
export function vaeLoss(
  p: Params,
  pictures: Tensor,
  config: VaeConfig,
  noise: Tensor | Random,
  { objective = "elbo" }: VaeLossOptions = {},
): VaeLoss {
  const { mu, logvar } = vaeEncode(p, pictures, config);
  const drawn = () => "shape" in noise ? noise : normal(mu.shape, noise);
  const z = objective === "prior" ? drawn() : reparameterize(mu, logvar, noise), logits = vaeDecode(p, z, config);
  const target = reshape(pictures, logits.shape), pixels = vaePixels(logits);
  const reconstruction = config.likelihood === "bernoulli"
    ? binaryCrossEntropy(logits, target, "batchmean")
    : l2Loss(pixels, target, "batchmean");
  const kl = klNormal(mu, logvar);
  return {
    loss: objective === "elbo" ? add(reconstruction, kl) : reconstruction,
    reconstruction,
    kl,
    mu,
    logvar,
    z,
    logits,
    pictures: pixels,
  };
}

/**
 * `count` pictures of z drawn from N(0, I).
 *
 * ```ts
 * import { parameters, randomSource, vaeConfig, vaeParams, vaeSample } from "../../mod.ts";
 * const config = vaeConfig({ imageSize: 8, channels: 1, hidden: 16 }), p = parameters(vaeParams(config));
 * console.assert(vaeSample(p, 5, config, randomSource()).shape.join() === "5,1,8,8");
 * ```
 */
export function vaeSample(p: Params, count: number, config: VaeConfig, random: Random): Tensor {
  return vaePixels(vaeDecode(p, normal([count, config.latents], random), config));
}

/**
 * `steps` pictures on the straight line from the mean of picture a to that of picture b, both (1, channels, H, W), ends included.
 *
 * ```ts
 * import { input, parameters, vaeConfig, vaeInterpolate, vaeParams } from "../../mod.ts";
 * const config = vaeConfig({ imageSize: 8, channels: 1, hidden: 16 }), p = parameters(vaeParams(config));
 * const a = input("a", [1, 1, 8, 8]), b = input("b", [1, 1, 8, 8]);
 * console.assert(vaeInterpolate(p, a, b, config, 7).shape.join() === "7,1,8,8");
 * ```
 */
export function vaeInterpolate(p: Params, a: Tensor, b: Tensor, config: VaeConfig, steps: number): Tensor {
  const share = Float32Array.from({ length: steps }, (_, i) => steps > 1 ? i / (steps - 1) : 0);
  const from = constant("share of a", [steps, 1], share.map((s) => 1 - s)), to = constant("share of b", [steps, 1], share);
  const z = add(multiply(from, vaeEncode(p, a, config).mu), multiply(to, vaeEncode(p, b, config).mu));
  return vaePixels(vaeDecode(p, z, config));
}

/** Height and width where the dense layers take over. */
function inside({ form, imageSize, widths }: VaeConfig): [number, number] {
  const [height, width = height] = [imageSize].flat(), scale = form === "conv" ? 2 ** widths.length : 1;
  return [height / scale, width / scale];
}

function dense(p: Params, name: string, x: Tensor): Tensor {
  return linear(x, p[`${name}.weight`], { bias: p[`${name}.bias`] });
}

function activated(x: Tensor, { activation }: VaeConfig): Tensor {
  return activation === "relu" ? relu(x) : tanh(x);
}
