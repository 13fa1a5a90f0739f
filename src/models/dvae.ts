// The discrete VAE of DALL-E (Ramesh et al. 2021, openai/DALL-E): groups of residual blocks, max pool between them, a 1x1 convolution to the
// vocabulary; a mirrored decoder to location and log scale of a logit-Laplace distribution. Parameter names are the published weights',
// under "encoder." and "decoder.".

import { add, conv2d, gather, maxPool, multiply, permute, relu, upsample } from "../../kernels/mod.ts";
import { z } from "npm:zod@4.6.7";
import { RecipeError, ShapeError } from "../errors.ts";
import { constant, reshape, type Tensor } from "../graph.ts";
import { parseWith, strictObject } from "../schema.ts";
import { normalInitial } from "../nn/initial.ts";
import type { ParamSpec } from "../nn/parameters.ts";

const count = (description: string) => z.int().positive().meta({ description });

export const DvaeConfig = strictObject(() => ({
  form: z.literal("dalle").default("dalle"),
  vocab: count("V, visual tokens").default(8192),
  hidden: count("channels of the first group of the encoder and the last of the decoder; twice as many a group further in").multipleOf(4),
  initial: count("channels that the decoder makes of a token"),
  groups: count("of residual blocks; between two of them the picture is halved").max(16).default(4),
  blocks: count("residual blocks a group").max(1000).default(2),
}));
/** Sizes of a tokenizer in DALL-E's form, defaults filled in; `dvaeConfig()` makes and checks it. */
export type DvaeConfig = z.infer<ReturnType<typeof DvaeConfig>>;
/** As it may be written: fields with a default may be absent. */
export type DvaeOptions = z.input<ReturnType<typeof DvaeConfig>>;

/** `dalle` has the published sizes. */
export const dvaePresets = {
  dalle: { hidden: 256, initial: 128 },
  base: { hidden: 128, initial: 128 },
  small: { hidden: 64, initial: 64, blocks: 1 },
  tiny: { hidden: 16, initial: 32, blocks: 1, groups: 3, vocab: 512 }, // a token for 4 x 4 pixels: pictures of 32 to 64 pixels a side
} satisfies Record<string, DvaeOptions>;

/**
 * The configuration with its defaults filled in. Throws RecipeError with every fault by name; `where` is how its message begins.
 *
 * ```ts
 * import { dvaeConfig, dvaePresets } from "../../mod.ts";
 * console.assert(dvaeConfig(dvaePresets.small).vocab === 8192);
 * ```
 */
export function dvaeConfig(options: unknown, where = "dvae"): DvaeConfig {
  return parseWith(DvaeConfig(), options, (faults) => new RecipeError(`${where}: ${faults}`));
}

/** Pixels a side of one token. */
export function dvaeScale({ groups }: Pick<DvaeConfig, "groups">): number {
  return 2 ** (groups - 1);
}

/** Kernel sides of the four convolutions of a residual path. */
const encoderPath = [3, 3, 3, 1], decoderPath = [1, 3, 3, 3];

/**
 * Every parameter: shape and start value, as the authors drew them: N(0, 1 / fan-in), biases 0.
 *
 * ```ts
 * import { dvaeConfig, dvaeParams } from "../../mod.ts";
 * const table = dvaeParams(dvaeConfig({ form: "dalle", vocab: 64, hidden: 8, initial: 8, groups: 3, blocks: 1 }));
 * console.assert(table["encoder.blocks.input.w"].shape.join() === "8,3,7,7");
 * ```
 */
export function dvaeParams({ vocab, hidden, initial, groups, blocks }: DvaeConfig): Record<string, ParamSpec> {
  const table: Record<string, ParamSpec> = {};
  const conv = (name: string, out: number, inner: number, side: number) => {
    table[`${name}.w`] = { shape: [out, inner, side, side], init: normalInitial(1 / Math.sqrt(inner * side ** 2)) };
    table[`${name}.b`] = { shape: [out], init: 0 };
  };
  const stack = (name: string, inner: number, widths: number[], path: number[]) => {
    for (const [g, width] of widths.entries()) {
      for (let b = 1; b <= blocks; b++, inner = width) {
        const block = `${name}.group_${g + 1}.block_${b}`;
        if (inner !== width) conv(`${block}.id_path`, width, inner, 1);
        const sides = [inner, width / 4, width / 4, width / 4, width];
        path.forEach((side, i) => conv(`${block}.res_path.conv_${i + 1}`, sides[i + 1], sides[i], side));
      }
    }
  };
  const widths = Array.from({ length: groups }, (_, g) => hidden * 2 ** g);
  conv("encoder.blocks.input", hidden, 3, 7);
  stack("encoder.blocks", hidden, widths, encoderPath);
  conv("encoder.blocks.output.conv", vocab, widths[groups - 1], 1);
  conv("decoder.blocks.input", initial, vocab, 1);
  stack("decoder.blocks", initial, widths.toReversed(), decoderPath);
  conv("decoder.blocks.output.conv", 6, hidden, 1);
  return table;
}

/**
 * Logits (B, V, h, w) of the tokens of x (B, 3, H, W), pixels as `mapPixels` gives them. @throws ShapeError where no whole tokens fit.
 *
 * ```ts
 * import { dvaeConfig, dvaeLogits, dvaeParams, input, parameters } from "../../mod.ts";
 * const config = dvaeConfig({ form: "dalle", vocab: 64, hidden: 8, initial: 8, groups: 3, blocks: 1 });
 * const logits = dvaeLogits(parameters(dvaeParams(config)), input("pictures", [2, 3, 32, 32]), config);
 * console.assert(logits.shape.join() === "2,64,8,8");
 * ```
 */
export function dvaeLogits(p: Record<string, Tensor>, x: Tensor, config: DvaeConfig): Tensor {
  const scale = dvaeScale(config), [, C, H, W] = x.shape;
  if (x.shape.length !== 4 || C !== 3 || H % scale || W % scale) {
    throw new ShapeError(`dvae: ${x} is not (B, 3, H, W) with sides that are multiples of ${scale}; resize the pictures`);
  }
  let h = conv(p, "encoder.blocks.input", x);
  for (let g = 1; g <= config.groups; g++) {
    h = group(p, `encoder.blocks.group_${g}`, h, config);
    if (g < config.groups) h = maxPool(h);
  }
  return conv(p, "encoder.blocks.output.conv", relu(h));
}

/**
 * What the decoder makes of codes (B, V, h, w), one-hot or soft: location and log scale of every pixel, (B, 6, H, W).
 *
 * ```ts
 * import { dvaeConfig, dvaeDecode, dvaeParams, input, parameters } from "../../mod.ts";
 * const config = dvaeConfig({ form: "dalle", vocab: 64, hidden: 8, initial: 8, groups: 3, blocks: 1 });
 * console.assert(dvaeDecode(parameters(dvaeParams(config)), input("codes", [2, 64, 8, 8]), config).shape.join() === "2,6,32,32");
 * ```
 */
export function dvaeDecode(p: Record<string, Tensor>, codes: Tensor, config: DvaeConfig): Tensor {
  return decoded(p, conv(p, "decoder.blocks.input", codes), config);
}

/**
 * As `dvaeDecode` of one-hot codes, from token ids u32 (B, h, w): a row of the first matrix each. An id of V or more gives NaN.
 *
 * ```ts
 * import { dvaeConfig, dvaeDecodeIds, dvaeParams, input, parameters } from "../../mod.ts";
 * const config = dvaeConfig({ form: "dalle", vocab: 64, hidden: 8, initial: 8, groups: 3, blocks: 1 });
 * console.assert(dvaeDecodeIds(parameters(dvaeParams(config)), input("ids", [2, 8, 8], "u32"), config).shape.join() === "2,6,32,32");
 * ```
 */
export function dvaeDecodeIds(p: Record<string, Tensor>, ids: Tensor, config: DvaeConfig): Tensor {
  const [B, h, w] = ids.shape, weight = p["decoder.blocks.input.w"], [C, V] = weight.shape;
  const rows = add(gather(permute(reshape(weight, [C, V]), [1, 0]), ids), p["decoder.blocks.input.b"]);
  return decoded(p, permute(reshape(rows, [B, h, w, C]), [0, 3, 1, 2]), config);
}

function decoded(p: Record<string, Tensor>, h: Tensor, config: DvaeConfig): Tensor {
  for (let g = 1; g <= config.groups; g++) {
    h = group(p, `decoder.blocks.group_${g}`, h, config);
    if (g < config.groups) h = upsample(h, 2);
  }
  return conv(p, "decoder.blocks.output.conv", relu(h));
}

function conv(p: Record<string, Tensor>, name: string, x: Tensor): Tensor {
  const w = p[`${name}.w`];
  return conv2d(x, w, { bias: p[`${name}.b`], padding: (w.shape[2] - 1) / 2 });
}

/** id_path(x) + gain res_path(x), block by block; the gain 1 / layers^2 keeps the sum near x at the start. */
function group(p: Record<string, Tensor>, name: string, x: Tensor, { groups, blocks }: DvaeConfig): Tensor {
  const gain = constant("post_gain", [1], [1 / (groups * blocks) ** 2]);
  for (let b = 1; b <= blocks; b++) {
    const block = `${name}.block_${b}`, path = `${block}.res_path.conv_`;
    let h = x;
    for (let i = 1; i <= 3; i++) h = conv(p, `${path}${i}`, relu(h));
    // The gain goes into the last weights: far fewer values than the picture has.
    const w = p[`${path}4.w`], scaled = { bias: multiply(p[`${path}4.b`], gain), padding: (w.shape[2] - 1) / 2 };
    h = conv2d(relu(h), multiply(w, gain), scaled);
    x = add(`${block}.id_path.w` in p ? conv(p, `${block}.id_path`, x) : x, h);
  }
  return x;
}
