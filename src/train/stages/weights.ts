// Weights that a stage begins with: what the run has made before, or a published checkpoint.

import { existsSync, statSync } from "node:fs";
import { openCheckpoint } from "../../checkpoint/mod.ts";
import { fitPositions, toOfficial } from "../../checkpoint/names/mod.ts";
import { readTokenizer, type TokenizerWeights } from "../../checkpoint/tokenizer.ts";
import { CheckpointError, RecipeError } from "../../errors.ts";
import type { BeitConfig } from "../../models/beit_config.ts";
import type { ParamSpec } from "../../nn/parameters.ts";
import { Run } from "../run.ts";
import { modelFile } from "../run/checkpoint.ts";
import type { StageContext } from "../stage.ts";

/** The file of weights behind `from`: "run" is what a job of this run ended with; a run's folder, a checkpoint's, or any file or address. */
export function weightsAt(from: string, job: string, { run }: Pick<StageContext, "run">): string {
  if (from === "run") {
    const own = run.finished(job);
    if (own) return `${own.path}/${modelFile}`;
    throw new RecipeError(`${run.path}: has not ended its stage ${job}, whose weights are wanted; run that stage, or give a checkpoint`);
  }
  if (existsSync(`${from}/recipe.json`)) return weightsAt("run", job, { run: Run.open(from) });
  if (existsSync(`${from}/${modelFile}`)) return `${from}/${modelFile}`;
  if (existsSync(from) && statSync(from).isDirectory()) {
    throw new CheckpointError(`${from}: holds neither a run nor a ${modelFile}; give a checkpoint`);
  }
  return from;
}

/** The heads that a new task has not, or has of its own. */
const heads = /^(head|lm_head|pixel_head|mask_token|norm|fc_norm|cls_pt_)/;

/**
 * A BEiT's table of parameters with the values of a checkpoint (official, timm, Hugging Face, or own) for start values; positions are
 * fitted to the model. Heads that the checkpoint lacks, or has for something else, begin as the table says.
 *
 * @throws CheckpointError where anything else is missing or of another shape.
 */
export async function startFrom(path: string, config: BeitConfig, table: Record<string, ParamSpec>): Promise<Record<string, ParamSpec>> {
  await using opened = await openCheckpoint(path);
  const stored = fitPositions(toOfficial(opened.tensors, opened.file), config, { file: opened.file });
  const started: Record<string, ParamSpec> = {}, missing: string[] = [], misshapen: string[] = [];
  for (const [name, spec] of Object.entries(table)) {
    const tensor = stored.get(name), fits = tensor && String(tensor.shape) === String(spec.shape);
    if (fits) started[name] = { ...spec, init: await tensor.readFloat32() };
    else if (heads.test(name)) started[name] = spec;
    else if (tensor) misshapen.push(`${name} (${tensor.shape.join(", ")}), expected (${spec.shape.join(", ")})`);
    else missing.push(name);
  }
  if (missing.length + misshapen.length) {
    throw new CheckpointError(
      `${opened.file}: does not fit the encoder: ${missing.length} missing (${missing.slice(0, 3).join(", ")}), ` +
        `${misshapen.length} misshapen (${misshapen.slice(0, 3).join("; ")}); give the encoder of this checkpoint`,
    );
  }
  return started;
}

/** The tokenizer that pre-training predicts tokens of. A pair of DALL-E's files is given as "encoder.pkl,decoder.pkl". */
export async function tokenizerFrom(context: StageContext): Promise<TokenizerWeights> {
  const { from } = context.recipe.tokenizer;
  if (from.includes(",")) {
    const [encoder, decoder] = from.split(",");
    return await readTokenizer({ encoder, decoder });
  }
  const path = weightsAt(from, "tokenizer", context);
  return await readTokenizer(path.endsWith("encoder.pkl") ? { encoder: path } : path);
}
