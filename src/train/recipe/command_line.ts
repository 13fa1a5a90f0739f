// A recipe on the command line: `--pretrain.lr 1e-3` for every field, and the help text that lists them.

import { z } from "npm:zod@4.6.7";
import { RecipeError } from "../../errors.ts";
import { merge } from "./merge.ts";

/** `[["pretrain.lr", "1e-3"], …]` as an object. A value is read as JSON where it is some, else as text: `[0.1, 1]`, `null`, `photos`. */
export function recipeFromFlags(flags: Iterable<readonly [path: string, value: string]>): Record<string, unknown> {
  let options: unknown = {};
  for (const [path, value] of flags) {
    if (!/^\w+(\.\w+)*$/.test(path)) throw new RecipeError(`command line: --${path} is no field of a recipe; write --stage.field VALUE`);
    options = merge(options, path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), parsed(value)));
  }
  return options as Record<string, unknown>;
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

export interface FieldHelp {
  path: string;
  /** What may stand there: "NUMBER", "tokens|pixels". */
  values: string;
  description: string;
  /** As JSON; absent where the field has no default of its own. */
  standard?: string;
}

type Json = {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  properties?: Record<string, Json>;
  anyOf?: Json[];
  oneOf?: Json[];
  items?: Json;
  prefixItems?: Json[];
};

/** Every field of a schema, in its order. */
export function fieldsOf(schema: z.ZodType): FieldHelp[] {
  return walk(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Json, "");
}

/** Where each field of a schema stands: "pretrain.lr". */
export const pathsOf = (schema: z.ZodType): string[] => fieldsOf(schema).map(({ path }) => path);

function walk(schema: Json, path: string): FieldHelp[] {
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([name, field]) => walk(field, path ? `${path}.${name}` : name));
  }
  const { description = "", default: standard } = schema;
  return [{ path, values: valuesOf(schema), description, ...standard !== undefined && { standard: JSON.stringify(standard) } }];
}

function valuesOf(schema: Json): string {
  const { type, const: constant, enum: choices, anyOf, oneOf, items, prefixItems } = schema;
  if (constant !== undefined) return String(constant);
  if (choices) return choices.join("|");
  if (anyOf ?? oneOf) {
    const kinds = (anyOf ?? oneOf)!.map((option) => option.properties ? discriminator(option) : valuesOf(option));
    return [...new Set(kinds)].join("|");
  }
  if (prefixItems) return `[${prefixItems.map(valuesOf).join(", ")}]`;
  if (items) return `[${valuesOf(items)}, ...]`;
  return type === "null" ? "null" : type === "boolean" ? "true|false" : (type ?? "value").toUpperCase();
}

/** `{kind: mosaics, …}`. */
function discriminator({ properties = {} }: Json): string {
  const [name, field] = Object.entries(properties).find(([, { const: constant }]) => constant !== undefined) ?? [];
  return name ? `{${name}: ${field!.const}}` : "{...}";
}
