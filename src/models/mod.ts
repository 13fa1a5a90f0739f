// The table of models: what is needed to make the parameters of any of them from plain data.

import type { ParamSpec } from "../nn/parameters.ts";
import { type BeitConfig, beitConfig, type BeitOptions, presets as beitPresets } from "./beit_config.ts";
import { beitParams } from "./beit_params.ts";
import { bertParams } from "./bert.ts";
import { type BertConfig, bertConfig, type BertOptions, bertPresets } from "./bert_config.ts";
import { tokenizer, type TokenizerConfig, tokenizerConfig, type TokenizerOptions, tokenizerPresets } from "./tokenizer.ts";
import { type VaeConfig, vaeConfig, type VaeOptions, vaeParams, vaePresets } from "./vae.ts";

/** A model of the table: how it is configured, its parameters and its published sizes. */
export interface Model<Config, Options> {
  /** Checks options and fills in defaults; throws RecipeError with every fault by name. */
  config(options: unknown, where?: string): Config;
  /** Every parameter under its published name. */
  params(config: Config): Record<string, ParamSpec>;
  /** Options of named sizes; each says only what differs. */
  presets: Readonly<Record<string, Options>>;
}

const model = <Config, Options>(entry: Model<Config, Options>) => entry;

/**
 * The models by name, for whoever makes parameters from plain data.
 *
 * ```ts
 * import { countValues, models } from "../../mod.ts";
 * const { config, params, presets } = models.beit;
 * console.assert(countValues(params(config(presets.base))) === 91_965_776);
 * ```
 */
export const models = {
  beit: model<BeitConfig, BeitOptions>({ config: beitConfig, params: beitParams, presets: beitPresets }),
  bert: model<BertConfig, BertOptions>({ config: bertConfig, params: bertParams, presets: bertPresets }),
  tokenizer: model<TokenizerConfig, TokenizerOptions>({
    config: tokenizerConfig,
    params: (config) => tokenizer(config).params,
    presets: tokenizerPresets,
  }),
  vae: model<VaeConfig, VaeOptions>({ config: vaeConfig, params: vaeParams, presets: vaePresets }),
};

/**
 * Values of all parameters of a table.
 *
 * ```ts
 * import { countValues, models } from "../../mod.ts";
 * console.assert(countValues(models.beit.params(models.beit.config(models.beit.presets.tiny))) === 7072340);
 * ```
 */
export function countValues(table: Readonly<Record<string, Pick<ParamSpec, "shape">>>): number {
  return Object.values(table).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
