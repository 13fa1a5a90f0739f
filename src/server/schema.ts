import { z } from "npm:zod@4.6.7";
import { RequestError } from "./errors.ts";
import { parseWith } from "../schema.ts";

/** What the schema makes of `value`, or a RequestError that names every fault; `where` begins its message. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.infer<Schema> {
  return parseWith(schema, value, (faults) => new RequestError(`${where}: ${faults}`)) as z.infer<Schema>;
}

/** A name in a path. */
export const Id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or digit");

/** What every failure looks like. */
export const Failed = z.object({
  error: z.object({ type: z.string().meta({ description: "stays the same over versions" }), message: z.string() }),
}).meta({ id: "Error" });

/** Of routes that take texts, too. */
export const Truncate = z.boolean().default(false).meta({
  description: "whether a text longer than the model takes is cut, instead of refused",
});

export const ModelName = z.string().min(1).max(200).default("default").meta({ description: "an id of GET /v1/models, or default" });
