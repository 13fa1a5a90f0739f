// What fits together in a recipe: each rule one line that names both sides.

import { tokenizer } from "../../models/tokenizer.ts";
import { encoderConfig } from "./encoder.ts";
import type { Recipe } from "../recipe.ts";

/** Every broken rule, in words. */
export function checkRules(recipe: Recipe): string[] {
  const faults: string[] = [];
  const wrong = (path: string, message: string) => faults.push(`${path}: ${message}`);
  const { encoder, tokenizer: tokens, pretrain, finetune } = recipe;
  try {
    encoderConfig(encoder, pretrain.target === "tokens" ? { vocab: tokens.model.vocab } : { targets: "pixels" });
  } catch (error) {
    return [(error as Error).message];
  }
  for (const [stage, t] of Object.entries({ tokenizer: tokens, pretrain, finetune })) {
    if (t.batchSize % t.accumulation) {
      wrong(`${stage}.accumulation`, `accumulation ${t.accumulation} does not divide batchSize ${t.batchSize}; choose a divisor`);
    }
    if (t.steps && t.warmupSteps && t.warmupSteps > t.steps) {
      wrong(`${stage}.warmupSteps`, `warmupSteps ${t.warmupSteps} is more than steps ${t.steps}; the warm-up is part of them`);
    }
    if (!t.steps && t.warmupSteps === null && t.warmupEpochs !== null && t.warmupEpochs > t.epochs) {
      wrong(`${stage}.warmupEpochs`, `warmupEpochs ${t.warmupEpochs} is more than epochs ${t.epochs}; the warm-up is part of them`);
    }
    if (t.minLr > t.lr) wrong(`${stage}.minLr`, `minLr ${t.minLr} is above lr ${t.lr}; the rate falls from lr to minLr`);
    if (t.crop[0] > t.crop[1] || t.crop[0] === 0) {
      wrong(`${stage}.crop`, `crop goes from ${t.crop[0]} to ${t.crop[1]}; give shares above 0, the smaller one first`);
    }
  }
  if (encoder.aggregation && pretrain.target === "pixels") {
    wrong("encoder.aggregation", "aggregation predicts tokens, pretrain.target is pixels; leave one of them out");
  }
  const side = finetune.imageSize;
  if (side && side % encoder.patchSize) {
    wrong("finetune.imageSize", `patchSize ${encoder.patchSize} does not divide imageSize ${side}; choose a multiple of it`);
  }
  if (finetune.task === "segmentation") {
    const { mixup, cutmix, erasing, randAugment } = finetune;
    for (const [name, value] of Object.entries({ mixup, cutmix, erasing, randAugment })) {
      if (value) wrong(`finetune.${name}`, `${name} ${value} changes pictures in a way their label maps cannot follow; leave it out`);
    }
  }
  const window = encoder.imageSize / encoder.patchSize, patches = window ** 2, masked = maskedPatches(recipe);
  if (masked < 1) wrong("pretrain.masked", `masked ${pretrain.masked} of ${patches} patches is none; give a larger share`);
  if (pretrain.mask !== "random" && pretrain.minBlock > patches) {
    wrong("pretrain.minBlock", `minBlock ${pretrain.minBlock} is more than the ${patches} patches of a picture; give a smaller one`);
  }
  const { maskToken, randomPatch, unchanged } = pretrain.replace, replaced = maskToken + randomPatch + unchanged;
  if (Math.abs(replaced - 1) > 1e-9) {
    wrong(
      "pretrain.replace",
      `maskToken ${maskToken}, randomPatch ${randomPatch} and unchanged ${unchanged} sum to ${replaced}; make it 1`,
    );
  }
  if (pretrain.tokens !== null && !(pretrain.fixedCrops && pretrain.target === "tokens")) {
    wrong(
      "pretrain.tokens",
      `the tokens of ${pretrain.tokens} are of fixed crops; give pretrain.fixedCrops true and pretrain.target tokens`,
    );
  }
  const { scale } = tokenizer(tokens.model);
  if (tokens.imageSize && tokens.imageSize % scale) {
    wrong("tokenizer.imageSize", `imageSize ${tokens.imageSize} is no multiple of the ${scale} pixels of a token; choose one`);
  }
  if (finetune.mixup + finetune.cutmix > 0 && finetune.batchSize / finetune.accumulation < 2) {
    wrong(
      "finetune.batchSize",
      `batchSize ${finetune.batchSize} in ${finetune.accumulation} parts leaves no two pictures to mix; enlarge it`,
    );
  }
  return faults;
}

/** Patches of a picture that are masked. */
export function maskedPatches({ encoder, pretrain }: Pick<Recipe, "encoder" | "pretrain">): number {
  return Math.round(pretrain.masked * (encoder.imageSize / encoder.patchSize) ** 2);
}
