// Schemas that are built when they are first used; and what one found wrong with a value, in one line that names the place, the value and
// what may stand there.

import { z } from "npm:zod@4.6.7";

/** What `make` returns, made when it is first asked for: all schemas together take longer to build than the library to load. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

type Strict<Shape extends z.core.$ZodLooseShape> = z.ZodObject<Shape, z.core.$strict>;

/** The schema of an object without further keys, built when it is first asked for; `check` adds the faults that lie between fields. */
export function strictObject<Shape extends z.core.$ZodLooseShape>(
  fields: () => Shape,
  check?: (value: z.infer<Strict<Shape>>, context: z.RefinementCtx) => void,
): () => Strict<Shape> {
  return once(() => {
    const schema = z.strictObject(fields());
    return check ? schema.superRefine(check) : schema;
  });
}

/** What is used of a zod schema. */
interface Schema<T> {
  safeParse(value: unknown, options: { reportInput: true }): { success: true; data: T } | { success: false; error: { issues: Issue[] } };
}

interface Issue {
  path: readonly PropertyKey[];
  message: string;
  code?: string;
  keys?: readonly string[];
  input?: unknown;
}

/**
 * What the schema makes of `value`. `fail` makes the error of the faults, which name the place, what may stand there and what does; among
 * `fields`, paths such as "pretrain.lr", one is proposed in place of an unknown key.
 */
export function parseWith<T>(schema: Schema<T>, value: unknown, fail: (faults: string) => Error, fields?: () => readonly string[]): T {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw fail(parsed.error.issues.flatMap((issue) => wordsOf(issue, fields)).join("; "));
}

function wordsOf({ path, message, code, keys, input }: Issue, fields: () => readonly string[] = () => []): string[] {
  const place = path.reduce<string>(
    (text, key) => typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key),
    "",
  );
  if (code === "unrecognized_keys") {
    return keys!.map((key) => {
      const name = place ? `${place}.${key}` : key, meant = nearest(name, fields());
      return `unknown key ${name}${meant ? `, perhaps ${meant}` : ""}`;
    });
  }
  const words = message.replace("Invalid input: ", "").replace("'undefined' | ", "").replaceAll("'", '"');
  const given = input === undefined || typeof input === "object" || code === "custom" ? "" : `, not ${JSON.stringify(input)}`;
  return [`${place ? `${place}: ` : ""}${words.replace(/^(Too|Invalid)/, (word) => word.toLowerCase())}${given}`];
}

/** The field, or what holds some, that a wrong name was probably meant for: one that continues it, or differs in a third of its last word. */
function nearest(name: string, fields: readonly string[]): string | undefined {
  const places = new Set(fields.flatMap((field) => field.split(".").map((_, i, words) => words.slice(0, i + 1).join("."))));
  const ranked = [...places].map((place) => ({ place, far: place.startsWith(name) ? 1 : distance(name, place) })).sort((a, b) =>
    a.far - b.far
  );
  return ranked[0]?.far <= Math.ceil(name.split(".").at(-1)!.length / 3) ? ranked[0].place : undefined;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1]));
    row = next;
  }
  return row[b.length];
}
