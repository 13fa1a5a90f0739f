// The words of `deno task train`: a few flags of its own, every other one a field of the recipe.

import { existsSync } from "node:fs";
import { RecipeError } from "../../errors.ts";
import { allPresets } from "../../train/modality.ts";
import { recipeFromFlags } from "../../train/recipe/command_line.ts";
import { dataAt, loadRecipe } from "../../train/recipe/load.ts";
import { merge } from "../../train/recipe/merge.ts";

export interface Words {
  /** Flags of the command itself. */
  help: boolean;
  list: boolean;
  dryRun: boolean;
  resume?: string;
  runs?: string;
  name?: string;
  device?: string;
  threads?: number;
  workers?: number;
  /** What the other words say of the recipe. */
  recipe: unknown;
}

const switches = ["help", "list", "dry-run"];
const valued = ["resume", "runs", "name", "device", "threads", "workers"];

/** @throws RecipeError for a word that means nothing, naming it. */
export async function readWords(args: readonly string[]): Promise<Words> {
  const own = new Map<string, string>(), fields: [string, string][] = [], plain: string[] = [];
  const words = args.flatMap((word) =>
    /^--[^=]+=/.test(word) ? [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)] : [word]
  );
  for (let i = 0; i < words.length; i++) {
    const word = words[i] === "-h" ? "--help" : words[i];
    if (!word.startsWith("--")) {
      plain.push(word);
      continue;
    }
    const name = word.slice(2);
    if (switches.includes(name)) {
      own.set(name, "");
      continue;
    }
    const value = words[++i];
    if (value === undefined || value.startsWith("--")) throw new RecipeError(`train: ${word} has no value; write ${word} VALUE`);
    if (valued.includes(name)) own.set(name, value);
    else fields.push([name, value]);
  }
  let recipe: unknown = {};
  for (const word of plain) recipe = merge(recipe, await meaning(word));
  return {
    help: own.has("help"),
    list: own.has("list"),
    dryRun: own.has("dry-run"),
    resume: own.get("resume"),
    runs: own.get("runs"),
    name: own.get("name"),
    device: own.get("device"),
    threads: whole("threads", own.get("threads"), 1),
    workers: whole("workers", own.get("workers"), 0),
    recipe: merge(recipe, recipeFromFlags(fields)),
  };
}

/** A preset's name, a recipe's file, or data: a .txt file is one text a line. */
async function meaning(word: string): Promise<unknown> {
  if (Object.hasOwn(allPresets, word)) return { preset: word };
  if (/\.(json|ts|js)$/.test(word)) return await loadRecipe(word);
  if (existsSync(word) && word.endsWith(".txt")) return { data: { texts: [{ kind: "lines", path: word, empty: "skip" }] } };
  if (existsSync(word)) return { data: dataAt(word.replace(/(?<=.)[/\\]+$/, "")) };
  throw new RecipeError(
    `train: ${word} is neither a preset (${Object.keys(allPresets).join(", ")}) nor a file or folder that exists; see --list`,
  );
}

function whole(name: string, value: string | undefined, least: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < least) throw new RecipeError(`train: --${name} is ${value}; give a whole number from ${least}`);
  return number;
}
