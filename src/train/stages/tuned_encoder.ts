// The encoder that fine-tuning begins with: which model it is, its start values, and how fast each layer learns.

import { beitParams } from "../../models/beit.ts";
import type { BeitConfig } from "../../models/beit_config.ts";
import type { ParamSpec } from "../../nn/parameters.ts";
import { type ParameterGroup, parameterGroups } from "../../optim/parameter_groups.ts";
import { cosineSchedule, linearSchedule, type Schedule } from "../../optim/schedules.ts";
import type { Recipe } from "../recipe.ts";
import { encoderConfig } from "../recipe/encoder.ts";
import type { TrainingFacts } from "../recipe/training.ts";
import type { Job, StageContext } from "../stage.ts";
import { startFrom } from "./weights.ts";

export interface TunedEncoder {
  config: BeitConfig;
  table: Record<string, ParamSpec>;
}

/**
 * The recipe's encoder at the resolution of fine-tuning, each block with a table of positions of its own, which begins as the shared one.
 *
 * @throws CheckpointError where the weights are another encoder's.
 */
export async function tunedEncoder(
  context: StageContext,
  { arm }: Job,
  heads: Pick<Partial<BeitConfig>, "classes"> = {},
): Promise<TunedEncoder> {
  const { recipe: { finetune, encoder } } = context;
  const { dropPath, imageSize, relativePositions } = encoder;
  const own = { ...encoder, dropPath: finetune.dropPath ?? dropPath, imageSize: finetune.imageSize ?? imageSize };
  if (heads.classes === undefined) own.pooling = "mean"; // the norm of a class token that nothing reads would have no gradient
  const config = encoderConfig(own, {
    ...heads,
    relativePositions: relativePositions === "shared" ? "per-block" : relativePositions,
  });
  return { config, table: arm === "pretrained" ? await startFrom(finetune.from, "pretrain", config, context) : beitParams(config) };
}

/** Decay and rate of every parameter. What begins with random weights has no lower layers to protect. */
export function tunedGroups(
  table: Record<string, ParamSpec>,
  { depth }: Pick<BeitConfig, "depth">,
  { finetune }: Recipe,
  { arm }: Job,
): Record<string, ParameterGroup> {
  return parameterGroups(Object.fromEntries(Object.entries(table).map(([name, { shape }]) => [name, shape])), {
    depth,
    layerDecay: arm === "pretrained" ? finetune.layerDecay : 1,
  });
}

/** The rate of each step. */
export function tunedSchedule({ finetune: { schedule, minLr } }: Recipe, { lr, steps, warmup }: TrainingFacts): Schedule {
  return (schedule === "cosine" ? cosineSchedule : linearSchedule)({ base: lr, final: minLr, steps, warmup });
}
