// A recipe: everything that decides what a training computes, as one strict object. A preset, a file, the command line, the body of a
// request, a checkpoint and the log hold the same thing.

import { z } from "npm:zod@4.6.7";
import { RecipeError } from "../errors.ts";
import { parseWith, strictObject } from "../schema.ts";
import { Encoder } from "./recipe/encoder.ts";
import { pathsOf } from "./recipe/command_line.ts";
import { merge } from "./recipe/merge.ts";
import { checkRules } from "./recipe/rules.ts";
import { Data } from "./recipe/source.ts";
import { Checkpoints, Finetune, Pretrain, Probe, Tokenizer } from "./recipe/stages.ts";
import { defaultPreset, presets } from "./presets/mod.ts";

const pictureStages = ["tokenizer", "pretrain", "probe", "finetune"] as const;
/** Stages of every kind of recipe, in their order. */
export const stageNames = [...pictureStages, "vae"] as const;
/** A stage of a training. */
export type StageName = typeof stageNames[number];

export const Recipe = strictObject(() => ({
  preset: z.enum(Object.keys(presets) as [string, ...string[]]).default(defaultPreset).meta({
    description: "what the recipe began with; see --list",
  }),
  stage: z.enum([...pictureStages, "all"]).default("all").meta({ description: "one stage, or all in a row" }),
  seed: z.int().min(0).default(0).meta({ description: "of every random draw" }),
  logEvery: z.int().positive().default(10).meta({
    description: "updates between lines of the metrics; only there the loop waits for the device",
  }),
  data: Data().prefault({}),
  checkpoints: Checkpoints().prefault({}),
  encoder: Encoder(),
  tokenizer: Tokenizer().prefault({}),
  pretrain: Pretrain().prefault({}),
  probe: Probe().prefault({}),
  finetune: Finetune().prefault({}),
}));
/** A whole recipe for pictures: data, encoder and stages with every default filled in. */
export type Recipe = z.infer<ReturnType<typeof Recipe>>;
/** As it may be written: whatever the preset (or the schema) has need not be said. */
export type RecipeOptions = DeepPartial<z.input<ReturnType<typeof Recipe>>>;
type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

/**
 * The whole recipe behind what is given: the named preset (mosaics-tiny if none is), with the given values over it.
 *
 * @throws RecipeError with every unknown key, wrong value and impossible combination by name; `where` begins its message.
 *
 * ```ts
 * const recipe = resolveRecipe({ preset: "mosaics-tiny", pretrain: { lr: 1e-3 } });
 * console.assert(recipe.pretrain.lr === 1e-3 && recipe.data.train.kind === "mosaics");
 * ```
 */
export function resolveRecipe(options: unknown, where = "recipe"): Recipe {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new RecipeError(`${where}: is ${JSON.stringify(options)}; give an object of stages and their settings`);
  }
  const name = (options as { preset?: unknown }).preset ?? defaultPreset;
  const preset = typeof name === "string" && Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (!preset) throw new RecipeError(`${where}: there is no preset ${JSON.stringify(name)}; choose ${Object.keys(presets).join(", ")}`);
  const whole = merge(merge({ ...preset.recipe, preset: name }, ownHeldOut(options)), options);
  const wrong = (faults: string) => new RecipeError(`${where}: ${faults}`);
  const recipe = parseWith(Recipe(), whole, wrong, () => pathsOf(Recipe())), faults = checkRules(recipe);
  if (faults.length) throw wrong(faults.join("; "));
  return recipe;
}

/** Pictures of another kind than the preset's are not measured on the preset's. */
export function ownHeldOut(options: object): object {
  const { data } = options as { data?: { train?: { kind?: unknown } } };
  return data?.train?.kind === undefined ? {} : { data: { heldOut: null } };
}

/** The stages that a recipe asks for, in their order. */
export function stagesOf({ stage }: { stage: StageName | "all" }): StageName[] {
  return stage === "all" ? [...stageNames] : [stage];
}
