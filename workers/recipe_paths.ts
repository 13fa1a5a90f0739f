// Every path that a recipe names, so that a request cannot make a training read what it may not.

import { RecipeError } from "../src/errors.ts";
import type { AnyRecipe } from "../src/train/modality.ts";

/** Fields of recipes whose texts are paths, alone, in lists or as values. */
const fields = ["path", "cache", "files", "from", "labels"];
/** What "from" may be beside a path. */
const words = ["run", "scratch", "train"];

/** Each path of a recipe with the field that has it. @throws RecipeError for a name in the place of a split that is a path. */
export function pathsOf(recipe: AnyRecipe): [where: string, path: string][] {
  const found: [string, string][] = [];
  const look = (value: unknown, where: string, isPath: boolean) => {
    if (typeof value === "string" && isPath && !words.includes(value)) {
      found.push(...value.split(",").map((path): [string, string] => [where, path]));
    }
    if (typeof value === "string" && where.endsWith(".split") && !/^\w[\w.-]*$/.test(value)) {
      throw new RecipeError(
        `recipe: ${where} ${JSON.stringify(value)} is no name of a split; use letters, digits, dots, dashes and underscores`,
      );
    }
    if (typeof value !== "object" || value === null) return;
    for (const [key, child] of Object.entries(value)) look(child, where ? `${where}.${key}` : key, isPath || fields.includes(key));
  };
  look(recipe, "", false);
  return found;
}
