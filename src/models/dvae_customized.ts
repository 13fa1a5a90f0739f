// The small discrete VAE that BEiT calls "customized" (unilm beit/modeling_discrete_vae.py, after lucidrains' DALLE-pytorch): convolutions of
// stride 2 with a residual block each, a codebook of embeddings, transposed convolutions back, squared error.

import { add, conv2d, convTranspose2d, gather, permute, relu } from "../../kernels/mod.ts";
import { z } from "npm:zod@4.6.7";
import { RecipeError, ShapeError } from "../errors.ts";
import { reshape, type Tensor } from "../graph.ts";
import { parseWith, strictObject } from "../schema.ts";
import { normalInitial, uniformInitial } from "../nn/initial.ts";
import type { ParamSpec } from "../nn/parameters.ts";

const count = (description: string) => z.int().positive().meta({ description });

export const DvaeCustomizedConfig = strictObject(() => ({
  form: z.literal("customized"),
  vocab: count("V, visual tokens").default(8192),
  codebookDim: count("channels of a token's embedding").default(512),
  layers: count("each halves the picture").max(16).default(3),
  hidden: count("channels between").default(256),
  residual: z.boolean().default(true).meta({
    description: "whether a residual block follows each halving and doubling; DALLE-pytorch has none",
  }),
}));
export type DvaeCustomizedConfig = z.infer<ReturnType<typeof DvaeCustomizedConfig>>;
/** As it may be written: fields with a default may be absent. */
export type DvaeCustomizedOptions = z.input<ReturnType<typeof DvaeCustomizedConfig>>;

/** `base` has the sizes of BEiT's code. */
export const dvaeCustomizedPresets = {
  base: { form: "customized" },
  small: { form: "customized", codebookDim: 128, hidden: 96 },
  tiny: { form: "customized", codebookDim: 64, hidden: 48, layers: 2, vocab: 512 },
} satisfies Record<string, DvaeCustomizedOptions>;

/** The configuration with its defaults filled in. Throws RecipeError with every fault by name; `where` is how its message begins. */
export function dvaeCustomizedConfig(options: unknown, where = "customized dvae"): DvaeCustomizedConfig {
  return parseWith(DvaeCustomizedConfig(), options, (faults) => new RecipeError(`${where}: ${faults}`));
}

/** Every parameter: shape and start value, torch's defaults. */
export function dvaeCustomizedParams(config: DvaeCustomizedConfig): Record<string, ParamSpec> {
  const { vocab, codebookDim, layers, hidden, residual } = config, step = stepOf(config);
  const table: Record<string, ParamSpec> = { "codebook.weight": { shape: [vocab, codebookDim], init: normalInitial(1) } };
  // Of a transposed convolution (first axis: inner) torch takes the second axis for its fan-in, too.
  const conv = (name: string, shape: [number, number, number], channels = shape[0]) => {
    const init = uniformInitial(1 / Math.sqrt(shape[1] * shape[2] ** 2));
    table[`${name}.weight`] = { shape: [...shape, shape[2]], init };
    table[`${name}.bias`] = { shape: [channels], init };
  };
  const block = (name: string) => [[0, 3], [2, 3], [4, 1]].forEach(([n, side]) => conv(`${name}.net.${n}`, [hidden, hidden, side]));
  for (let l = 0; l < layers; l++) {
    conv(`encoder.${step * l}.0`, [hidden, l ? hidden : 3, 4]);
    if (residual) block(`encoder.${step * l + 1}`);
  }
  conv(`encoder.${step * layers}`, [vocab, hidden, 1]);
  for (let l = 0; l < layers; l++) {
    conv(`decoder.${step * l}.0`, [l ? hidden : codebookDim, hidden, 4], hidden);
    if (residual) block(`decoder.${step * l + 1}`);
  }
  conv(`decoder.${step * layers}`, [3, hidden, 1]);
  return table;
}

/** Logits (B, V, h, w) of the tokens of x (B, 3, H, W), pixels within -1 to 1. @throws ShapeError where no whole tokens fit. */
export function dvaeCustomizedLogits(p: Record<string, Tensor>, x: Tensor, config: DvaeCustomizedConfig): Tensor {
  const step = stepOf(config), scale = 2 ** config.layers, [, C, H, W] = x.shape;
  if (x.shape.length !== 4 || C !== 3 || H % scale || W % scale) {
    throw new ShapeError(`customized dvae: ${x} is not (B, 3, H, W) with sides that are multiples of ${scale}; resize the pictures`);
  }
  let h = x;
  for (let l = 0; l < config.layers; l++) {
    h = relu(conv2d(h, p[`encoder.${step * l}.0.weight`], { bias: p[`encoder.${step * l}.0.bias`], stride: 2, padding: 1 }));
    if (config.residual) h = residualBlock(p, `encoder.${step * l + 1}`, h);
  }
  return conv(p, `encoder.${step * config.layers}`, h);
}

/** Pixels (B, 3, H, W), -1 to 1, of codes (B, V, h, w), one-hot or soft. */
export function dvaeCustomizedDecode(p: Record<string, Tensor>, codes: Tensor, config: DvaeCustomizedConfig): Tensor {
  const { codebookDim: D, vocab: V } = config, table = reshape(permute(p["codebook.weight"], [1, 0]), [D, V, 1, 1]);
  return decoded(p, conv2d(codes, table), config);
}

/** As `dvaeCustomizedDecode` of one-hot codes, from token ids u32 (B, h, w). An id of V or more gives NaN. */
export function dvaeCustomizedDecodeIds(p: Record<string, Tensor>, ids: Tensor, config: DvaeCustomizedConfig): Tensor {
  return decoded(p, permute(gather(p["codebook.weight"], ids), [0, 3, 1, 2]), config);
}

function decoded(p: Record<string, Tensor>, h: Tensor, config: DvaeCustomizedConfig): Tensor {
  const step = stepOf(config);
  for (let l = 0; l < config.layers; l++) {
    h = relu(convTranspose2d(h, p[`decoder.${step * l}.0.weight`], { bias: p[`decoder.${step * l}.0.bias`], stride: 2, padding: 1 }));
    if (config.residual) h = residualBlock(p, `decoder.${step * l + 1}`, h);
  }
  return conv(p, `decoder.${step * config.layers}`, h);
}

/** Numbers that a layer takes in the names. */
function stepOf({ residual }: DvaeCustomizedConfig): number {
  return residual ? 2 : 1;
}

function residualBlock(p: Record<string, Tensor>, name: string, x: Tensor): Tensor {
  const h = conv(p, `${name}.net.2`, relu(conv(p, `${name}.net.0`, x)));
  return add(conv(p, `${name}.net.4`, relu(h)), x);
}

function conv(p: Record<string, Tensor>, name: string, x: Tensor): Tensor {
  const w = p[`${name}.weight`];
  return conv2d(x, w, { bias: p[`${name}.bias`], padding: (w.shape[2] - 1) / 2 });
}
