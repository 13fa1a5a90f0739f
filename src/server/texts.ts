// Flags, the environment, query strings and form fields are texts; schemas want numbers, booleans and lists.

import { z } from "npm:zod@4.6.7";

/** `texts` with what the schema takes for a number, a boolean or a list made one; a text that is none stays, for the schema to refuse. */
export function fromTexts(schema: z.ZodObject, texts: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, Object.hasOwn(schema.shape, name) ? fromText(typeOf(schema, name), text) : text]),
  );
}

/** Of the fields of a schema: a request must not wait for the description of what it was described by before. */
const known = new WeakMap<z.ZodObject, Map<string, string>>();

function typeOf(schema: z.ZodObject, name: string): string {
  let types = known.get(schema);
  if (!types) known.set(schema, types = new Map());
  let type = types.get(name);
  if (type === undefined) types.set(name, type = describedType(schema, name));
  return type;
}

function describedType(schema: z.ZodObject, name: string): string {
  const described = z.toJSONSchema(schema.shape[name] as z.ZodType, { io: "input", unrepresentable: "any" });
  return String(described.type ?? described.anyOf?.map((one) => (one as { type?: string }).type).find((type) => type !== "null"));
}

function fromText(type: string, text: string): unknown {
  if ((type === "number" || type === "integer") && text.trim() !== "") return Number.isNaN(Number(text)) ? text : Number(text);
  if (type === "boolean") return { true: true, "1": true, false: false, "0": false }[text] ?? text;
  if (type === "array") return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return text;
}
