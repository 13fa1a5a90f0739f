// What a recipe is about decides how its data opens and which stages there are: BEiT on pictures, a Gaussian VAE on pictures, or texts.

import type { PlacedData } from "../data/loader.ts";
import type { Device } from "../devices/device.ts";
import { RecipeError } from "../errors.ts";
import { openTrainingData, type TrainingData } from "./data.ts";
import { presets } from "./presets/mod.ts";
import { type Recipe, resolveRecipe, type StageName, stagesOf } from "./recipe.ts";
import type { Stage } from "./stage.ts";
import { stages as pictureStages } from "./stages/mod.ts";
import { openTextData, type TextTrainingData } from "./text/data.ts";
import { textPresets } from "./text/presets.ts";
import { resolveTextRecipe, type TextRecipe } from "./text/recipe.ts";
import { textStages } from "./text/stages.ts";
import { vaePresets } from "./vae/presets.ts";
import { resolveVaeRecipe, type VaeRecipe } from "./vae/recipe.ts";
import { vaeStages } from "./vae/stages.ts";

export type AnyRecipe = Recipe | TextRecipe | VaeRecipe;
export type AnyData = TrainingData | TextTrainingData;
export type AnyStage = Stage<AnyRecipe, AnyData, PlacedData>;

/** Every preset by name. */
export const allPresets: Readonly<Record<string, { about: string }>> = { ...presets, ...textPresets, ...vaePresets };

/** Whether a recipe trains on texts. */
export const isTextRecipe = (recipe: AnyRecipe): recipe is TextRecipe => Object.hasOwn(textPresets, recipe.preset);

/** Whether a recipe trains a Gaussian VAE. */
export const isVaeRecipe = (recipe: AnyRecipe): recipe is VaeRecipe => Object.hasOwn(vaePresets, recipe.preset);

/** Whether a recipe trains a tokenizer or an encoder of pictures. */
export const isPictureRecipe = (recipe: AnyRecipe): recipe is Recipe => !isTextRecipe(recipe) && !isVaeRecipe(recipe);

/** The whole recipe behind what is given, for pictures, texts or a Gaussian VAE as its preset says. @throws RecipeError */
export function resolveAnyRecipe(options: unknown, where = "recipe"): AnyRecipe {
  const preset = (options as { preset?: unknown } | null)?.preset;
  const isOf = (table: object) => typeof preset === "string" && Object.hasOwn(table, preset);
  if (isOf(textPresets)) return resolveTextRecipe(options as { preset: string }, where);
  return isOf(vaePresets) ? resolveVaeRecipe(options as { preset: string }, where) : resolveRecipe(options, where);
}

/** The stages that a recipe may have. */
export const stagesFor = (recipe: AnyRecipe): Record<string, AnyStage> =>
  isTextRecipe(recipe) ? textStages : isVaeRecipe(recipe) ? vaeStages : pictureStages;

/** Opens a recipe's data. @throws DataError */
export async function openAnyData(recipe: AnyRecipe): Promise<AnyData> {
  return isTextRecipe(recipe) ? openTextData(recipe) : await openTrainingData(recipe);
}

/** @throws RecipeError where a stage that is asked for is to be trained in f16, and the device has none. */
export function checkPrecision(recipe: AnyRecipe, device: Device): void {
  const stages: Partial<Record<StageName, object>> = { ...recipe };
  for (const name of stagesOf(recipe)) {
    const settings = stages[name] ?? {};
    if (device.f16 || !("precision" in settings) || settings.precision !== "f16") continue;
    throw new RecipeError(
      `${name}.precision: f16 needs a GPU whose adapter offers shader-f16, this device is ${device.description}; choose f32 or another --device`,
    );
  }
}
