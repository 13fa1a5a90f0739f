// Recipes over recipes: which values win, and where two recipes differ.

import { RecipeError } from "../../errors.ts";

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * `over` on `base`, field by field; lists and single values replace what was there. So does an object of another kind (its `kind` or
 * `form` differs): half a folder and half a CIFAR file make no data set.
 */
export function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isPlain(base) || !isPlain(over) || isOther(base, over)) return over;
  const merged: Plain = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (key === "__proto__") throw new RecipeError("recipe: unknown key __proto__; leave it out"); // it would not be a field
    merged[key] = merge(base[key], value);
  }
  return merged;
}

const isOther = (base: Plain, over: Plain) =>
  ["kind", "form"].some((key) => over[key] !== undefined && base[key] !== undefined && base[key] !== over[key]);

/** Each value that is not the same in both, as `pretrain.lr: 0.001 here, 0.002 there`. */
export function differences(here: unknown, there: unknown, path = ""): string[] {
  if (isPlain(here) && isPlain(there)) {
    const keys = new Set([...Object.keys(here), ...Object.keys(there)]);
    return [...keys].flatMap((key) => differences(here[key], there[key], path ? `${path}.${key}` : key));
  }
  const [a, b] = [here, there].map((value) => JSON.stringify(value) ?? "absent");
  return a === b ? [] : [`${path}: ${a} here, ${b} there`];
}
