// Weights that a stage begins with: what the run has made before, or a published checkpoint.

import { existsSync } from "node:fs";
import { loadBeit } from "../../checkpoint/beit/mod.ts";
import { readTokenizer, type TokenizerWeights } from "../../checkpoint/tokenizer.ts";
import { RecipeError } from "../../errors.ts";
import { beitParams } from "../../models/beit.ts";
import type { BeitConfig } from "../../models/beit_config.ts";
import { tokenizer } from "../../models/tokenizer.ts";
import { initialValues, type ParamSpec } from "../../nn/parameters.ts";
import { Run } from "../run.ts";
import { modelFile } from "../run/checkpoint.ts";
import type { StageContext } from "../stage.ts";

/** The weights behind `from`: "run" is what a job of this run ended with; else a run's folder, a checkpoint's, or any file or address. */
export function weightsAt(from: string, job: string, { run }: Pick<StageContext, "run">): string {
  if (from === "run") {
    const own = run.finished(job);
    if (own) return `${own.path}/${modelFile}`;
    throw new RecipeError(`${run.path}: has not ended its stage ${job}, whose weights are wanted; run that stage, or give a checkpoint`);
  }
  return existsSync(`${from}/recipe.json`) ? weightsAt("run", job, { run: Run.open(from) }) : from;
}

/**
 * A model's table of parameters with a checkpoint's values for start values, of whatever published form it is; positions are fitted, and
 * heads that it has not start anew. `from` and `job` as in `weightsAt`. @throws CheckpointError where the encoder is another.
 */
export async function startFrom(
  from: string,
  job: string,
  config: BeitConfig,
  context: Pick<StageContext, "run" | "dry">,
): Promise<Record<string, ParamSpec>> {
  if (from === "run" && context.dry) return beitParams(config);
  const { table } = await loadBeit(weightsAt(from, job, context), { model: { vocab: undefined, classes: undefined, ...config } });
  return table;
}

/**
 * The tokenizer of a run or a checkpoint. DALL-E's files are given as "encoder.pkl" or, to draw what is predicted too, as
 * "encoder.pkl,decoder.pkl". @throws CheckpointError
 */
export async function tokenizerAt(from: string): Promise<TokenizerWeights> {
  const [encoder, decoder] = from.split(",");
  if (decoder || encoder.endsWith("encoder.pkl")) return await readTokenizer({ encoder, decoder });
  return await readTokenizer(existsSync(`${from}/recipe.json`) ? weightsAt("run", "tokenizer", { run: Run.open(from) }) : from);
}

/** The tokenizer that pre-training predicts tokens of. */
export async function tokenizerFrom(context: Pick<StageContext, "recipe" | "run" | "dry">): Promise<Omit<TokenizerWeights, "decodes">> {
  const { from, model: config } = context.recipe.tokenizer;
  if (from !== "run") return await tokenizerAt(from);
  if (!context.dry) return await readTokenizer(weightsAt(from, "tokenizer", context));
  const table = tokenizer(config).params;
  return {
    config,
    weights: Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, initialValues(name, spec, 0)])),
    fingerprint: "",
  };
}
