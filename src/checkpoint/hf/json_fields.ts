// Fields of a JSON object, each of the expected type or a CheckpointError that names file and field.

import { CheckpointError } from "../../errors.ts";

export class JsonFields {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** `json`: parsed, or as text. */
  constructor(json: unknown, readonly file: string) {
    const value = typeof json === "string" ? parse(json, file) : json;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new CheckpointError(`${file}: is no JSON object but ${shown(value)}; give the file as it was published`);
    }
    this.#fields = value as Record<string, unknown>;
  }

  /** The field; undefined where it is absent or null. */
  get(name: string): unknown {
    return (Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined) ?? undefined;
  }

  number(name: string, absent?: number): number {
    return this.#expect(name, "a number", (v): v is number => typeof v === "number" && Number.isFinite(v), absent);
  }
  boolean(name: string, absent?: boolean): boolean {
    return this.#expect(name, "true or false", (v): v is boolean => typeof v === "boolean", absent);
  }
  text(name: string, absent?: string): string {
    return this.#expect(name, "a text", (v): v is string => typeof v === "string", absent);
  }
  numbers(name: string, absent?: number[]): number[] {
    const are = (v: unknown): v is number[] => Array.isArray(v) && v.every((x) => typeof x === "number" && Number.isFinite(x));
    return this.#expect(name, "a list of numbers", are, absent);
  }
  texts(name: string, absent?: string[]): string[] {
    return this.#expect(name, "a list of texts", (v): v is string[] => Array.isArray(v) && v.every((x) => typeof x === "string"), absent);
  }

  /** [height, width] of a number, a list of one or two, or what newer files write: { height, width } or { shortest_edge }. */
  size(name: string, absent?: [number, number]): [number, number] {
    const value = this.get(name);
    if (value === undefined && absent) return absent;
    const { height, width, shortest_edge } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
    const sides = Array.isArray(value) ? value : height !== undefined ? [height, width] : [shortest_edge ?? value];
    const [h, w = h] = sides;
    if (sides.length <= 2 && [h, w].every((side) => Number.isInteger(side) && (side as number) > 0)) return [h as number, w as number];
    return this.fail(name, "a size in pixels");
  }

  /** What is wrong with a field, in one manner. */
  fail(name: string, expected: string): never {
    throw new CheckpointError(`${this.file}: ${name} is ${shown(this.get(name))}, not ${expected}; correct the file`);
  }

  #expect<T>(name: string, expected: string, is: (value: unknown) => value is T, absent?: T): T {
    const value = this.get(name);
    if (is(value)) return value;
    if (value === undefined && absent !== undefined) return absent;
    return this.fail(name, expected);
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(`${file}: is not JSON (${(error as Error).message}); give the file as it was published`);
  }
}

function shown(value: unknown): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
