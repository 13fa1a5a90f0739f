// The recipe of a Gaussian VAE: pictures redrawn from a few numbers each, with the whole bound or with a part of it left out.

import { z } from "npm:zod@4.6.7";
import { RecipeError } from "../../errors.ts";
import { parseWith, strictObject } from "../../schema.ts";
import { VaeConfig, vaeConfig } from "../../models/vae.ts";
import { ownHeldOut } from "../recipe.ts";
import { pathsOf } from "../recipe/command_line.ts";
import { merge } from "../recipe/merge.ts";
import { Data } from "../recipe/source.ts";
import { Checkpoints } from "../recipe/stages.ts";
import { training } from "../recipe/training.ts";
import { vaePresets } from "./presets.ts";

export const objectives = ["elbo", "no-kl", "prior"] as const;
export type VaeObjective = typeof objectives[number];

const Model = strictObject(() => ({
  ...VaeConfig().shape,
  imageSize: z.int().positive().default(28).meta({ description: "pixels a side of a picture" }),
  channels: z.union([z.literal(1), z.literal(3)]).default(3).meta({ description: "1: pictures are made grey" }),
}));

const Vae = strictObject(() => ({
  ...training(),
  objectives: z.array(z.enum(objectives)).nonempty().default(["elbo"]).meta({
    description: "what is minimised, each a training of its own: the whole bound, the bound without its divergence, or pictures redrawn " +
      "from draws of the prior",
  }),
}));

export const VaeRecipe = strictObject(() => ({
  preset: z.string().meta({ description: "what the recipe began with; see --list" }),
  stage: z.enum(["vae", "all"]).default("all").meta({ description: "there is one" }),
  seed: z.int().min(0).default(0).meta({ description: "of every random draw" }),
  logEvery: z.int().positive().default(10).meta({ description: "updates between lines of the metrics" }),
  data: Data().omit({ mean: true, std: true }).prefault({}),
  checkpoints: Checkpoints().prefault({}),
  model: Model().prefault({}),
  vae: Vae().prefault({}),
}));
export type VaeRecipe = z.infer<ReturnType<typeof VaeRecipe>>;

/**
 * The whole recipe behind what is given: the named preset with the given values over it.
 *
 * @throws RecipeError with every unknown key, wrong value and impossible combination by name; `where` begins its message.
 */
export function resolveVaeRecipe(options: { preset?: unknown }, where = "recipe"): VaeRecipe {
  const { preset } = options;
  if (typeof preset !== "string" || !Object.hasOwn(vaePresets, preset)) {
    const names = Object.keys(vaePresets).join(", ");
    throw new RecipeError(`${where}: there is no preset ${JSON.stringify(preset)} of a Gaussian VAE; choose ${names}`);
  }
  const wrong = (faults: string) => new RecipeError(`${where}: ${faults}`);
  const whole = merge(merge({ ...vaePresets[preset].recipe, preset }, ownHeldOut(options)), options);
  const recipe = parseWith(VaeRecipe(), whole, wrong, () => pathsOf(VaeRecipe())), { model, vae } = recipe, faults: string[] = [];
  const { batchSize, accumulation, lr, minLr } = vae, twice = vae.objectives.find((name, i) => vae.objectives.indexOf(name) < i);
  if (batchSize % accumulation) faults.push(`vae.accumulation ${accumulation} does not divide batchSize ${batchSize}; choose a divisor`);
  if (minLr > lr) faults.push(`vae.minLr ${minLr} is above lr ${lr}; the rate falls from lr to minLr`);
  if (twice) faults.push(`vae.objectives has ${twice} twice; name each once`);
  if (faults.length) throw wrong(faults.join("; "));
  vaeConfig(model, `${where}: model`);
  return recipe;
}
