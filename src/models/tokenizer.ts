// What pre-training and serving use of a visual tokenizer, whatever its form: pictures to token ids, and back.

import { add, argmax, divide, l2Loss, logitLaplace, mapPixels, multiply, sigmoid, slice, softmax, unmapPixels } from "../../kernels/mod.ts";
import { z } from "npm:zod@4.6.7";
import { DataError, RecipeError, ShapeError } from "../errors.ts";
import { constant, reshape, type Tensor } from "../graph.ts";
import { once, parseWith } from "../schema.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import { DvaeConfig, dvaeDecode, dvaeDecodeIds, dvaeLogits, dvaeParams, dvaePresets, dvaeScale } from "./dvae.ts";
import {
  DvaeCustomizedConfig,
  dvaeCustomizedDecode,
  dvaeCustomizedDecodeIds,
  dvaeCustomizedLogits,
  dvaeCustomizedParams,
  dvaeCustomizedPresets,
} from "./dvae_customized.ts";

export const TokenizerConfig = once(() => z.discriminatedUnion("form", [DvaeConfig(), DvaeCustomizedConfig()]));
/** Sizes of a tokenizer of either form, defaults filled in; `tokenizerConfig()` makes and checks it. */
export type TokenizerConfig = z.infer<ReturnType<typeof TokenizerConfig>>;
export type TokenizerOptions = z.input<ReturnType<typeof TokenizerConfig>>;

/** Sizes by name: DALL-E's form, and the customized one under "customized-...". */
export const tokenizerPresets: Record<string, TokenizerOptions> = {
  ...dvaePresets,
  ...Object.fromEntries(Object.entries(dvaeCustomizedPresets).map(([name, preset]) => [`customized-${name}`, preset])),
};

/**
 * The configuration with its defaults filled in; a missing form is "dalle". Throws RecipeError; `where` begins its message.
 *
 * ```ts
 * import { tokenizerConfig, tokenizerPresets } from "../../mod.ts";
 * console.assert(tokenizerConfig(tokenizerPresets["customized-tiny"]).vocab === 512);
 * ```
 */
export function tokenizerConfig(options: unknown, where = "tokenizer"): TokenizerConfig {
  const given = typeof options === "object" && options !== null && !("form" in options) ? { form: "dalle", ...options } : options;
  return parseWith(TokenizerConfig(), given, (faults) => new RecipeError(`${where}: ${faults}`));
}

type Params = Record<string, Tensor>;

/** Pictures are (B, 3, H, W) within 0 to 1; each form maps them as its authors did. p has the parameters by name. */
export interface Tokenizer {
  readonly config: TokenizerConfig;
  readonly vocab: number;
  /** Pixels a side of one token. */
  readonly scale: number;
  readonly params: Record<string, ParamSpec>;
  /** [h, w] tokens of a picture of that size (a side, or [height, width]). @throws RecipeError where no whole tokens fit. */
  grid(imageSize: number | readonly [number, number]): [number, number];
  /** (B, V, h, w) */
  logits(p: Params, pictures: Tensor): Tensor;
  /** u32 (B, h * w), row by row: the likeliest token of each place. */
  ids(p: Params, pictures: Tensor): Tensor;
  /** Pictures of codes (B, V, h, w), one-hot or soft. */
  decode(p: Params, codes: Tensor): Tensor;
  /** Pictures of token ids u32 (B, h * w) or (B, h, w) on a grid [h, w]; check them with `checkTokens` first. */
  decodeIds(p: Params, ids: Tensor, grid: readonly [number, number]): Tensor;
  /** The picture of the mean code: of softmax(logits / tau) where tau (1) is given. */
  expected(p: Params, pictures: Tensor, tau?: Tensor): Tensor;
  /**
   * How far the decoder's pictures of the codes are from `pictures`: the mean of -log p under the logit-Laplace distribution, or of the
   * squared error (on the form's own scale of pixels), over all values; and those pictures.
   */
  reconstruction(p: Params, codes: Tensor, pictures: Tensor): { loss: Tensor; pictures: Tensor };
}

/**
 * The tokenizer of a configuration.
 *
 * ```ts
 * import { input, parameters, tokenizer, tokenizerConfig } from "../../mod.ts";
 * const { params, ids, decodeIds, grid, vocab } = tokenizer(tokenizerConfig({ form: "dalle", vocab: 64, hidden: 8, initial: 8, groups: 3, blocks: 1 }));
 * const p = parameters(params), tokens = ids(p, input("pictures", [2, 3, 32, 32]));
 * console.assert(vocab === 64 && grid(32).join() === "8,8" && tokens.shape.join() === "2,64");
 * console.assert(decodeIds(p, tokens, grid(32)).shape.join() === "2,3,32,32");
 * ```
 */
export function tokenizer(config: TokenizerConfig): Tokenizer {
  const form = config.form === "dalle" ? dalle(config) : customized(config), { vocab } = config;
  const grid = gridOf(form.scale);
  return {
    ...form,
    config,
    vocab,
    grid,
    ids(p, pictures) {
      const ids = argmax(form.logits(p, pictures), 1);
      return reshape(ids, [ids.shape[0], -1]);
    },
    decodeIds(p, ids, [h, w]) {
      if (ids.dtype !== "u32" || ids.size !== ids.shape[0] * h * w) {
        throw new ShapeError(`decodeIds: ${ids} is not u32 (B, ${h * w}) for a grid of ${h} x ${w}; give a token for each place`);
      }
      return form.decodePlaces(p, reshape(ids, [ids.shape[0], h, w]));
    },
    expected(p, pictures, tau) {
      const logits = form.logits(p, pictures);
      return form.decode(p, softmax(tau ? divide(logits, tau) : logits, 1));
    },
  };
}

type Form = Pick<Tokenizer, "scale" | "params" | "logits" | "decode" | "reconstruction"> & { decodePlaces(p: Params, ids: Tensor): Tensor };

function dalle(config: DvaeConfig): Form {
  const location = (statistics: Tensor) => slice(statistics, 1, 0, 3), pixels = (mu: Tensor) => unmapPixels(sigmoid(mu));
  return {
    scale: dvaeScale(config),
    params: dvaeParams(config),
    logits: (p, pictures) => dvaeLogits(p, mapPixels(pictures), config),
    decode: (p, codes) => pixels(location(dvaeDecode(p, codes, config))),
    decodePlaces: (p, ids) => pixels(location(dvaeDecodeIds(p, ids, config))),
    reconstruction(p, codes, pictures) {
      const statistics = dvaeDecode(p, codes, config), mu = location(statistics), lnb = slice(statistics, 1, 3, 6);
      return { loss: logitLaplace(mu, lnb, mapPixels(pictures)), pictures: pixels(mu) };
    },
  };
}

function customized(config: DvaeCustomizedConfig): Form {
  const affine = (x: Tensor, scale: number, shift: number) =>
    add(multiply(x, constant("scale", [1], [scale])), constant("shift", [1], [shift]));
  const normalized = (pictures: Tensor) => affine(pictures, 2, -1);
  // unmapPixels is 1.25 x - 0.125, so that this is x / 2 + 1 / 2, kept between 0 and 1.
  const pixels = (x: Tensor) => unmapPixels(affine(x, 0.4, 0.5));
  return {
    scale: 2 ** config.layers,
    params: dvaeCustomizedParams(config),
    logits: (p, pictures) => dvaeCustomizedLogits(p, normalized(pictures), config),
    decode: (p, codes) => pixels(dvaeCustomizedDecode(p, codes, config)),
    decodePlaces: (p, ids) => pixels(dvaeCustomizedDecodeIds(p, ids, config)),
    reconstruction(p, codes, pictures) {
      const x = dvaeCustomizedDecode(p, codes, config);
      return { loss: l2Loss(x, normalized(pictures)), pictures: pixels(x) };
    },
  };
}

function gridOf(scale: number): Tokenizer["grid"] {
  return (imageSize) => {
    const [height, width] = typeof imageSize === "number" ? [imageSize, imageSize] : imageSize;
    for (const side of [height, width]) {
      if (!Number.isInteger(side) || side < scale || side % scale) {
        throw new RecipeError(
          `tokenizer: a token stands for ${scale} x ${scale} pixels, which do not fill a side of ${side}; choose a multiple`,
        );
      }
    }
    return [height / scale, width / scale];
  };
}

/** Throws DataError for the first id that is no token of the vocabulary, or for a count that does not fill the grid. */
export function checkTokens(ids: ArrayLike<number>, vocab: number, places: number, where = "tokens"): void {
  if (ids.length !== places) throw new DataError(`${where}: ${ids.length} ids were given for ${places} places; give one for each`);
  for (let i = 0; i < ids.length; i++) {
    if (Number.isInteger(ids[i]) && ids[i] >= 0 && ids[i] < vocab) continue;
    throw new DataError(
      `${where}: id ${ids[i]} at place ${i} is outside the vocabulary of ${vocab}; ids are whole numbers from 0 to ${vocab - 1}`,
    );
  }
}
