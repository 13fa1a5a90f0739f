// The files that the conventions are held against.
import { readFileSync } from "node:fs";
import { filesOf, ROOT } from "../../src/cli/tree.ts";

export const files: string[] = filesOf();
export const typescript: string[] = files.filter((path) => path.endsWith(".ts"));
export const wgsl: string[] = files.filter((path) => path.endsWith(".wgsl"));

const known = new Map<string, string>();

/** The text of a file of the repository. */
export function source(path: string): string {
  if (!known.has(path)) known.set(path, readFileSync(ROOT + path, "utf8"));
  return known.get(path)!;
}

/** A text's lines, without the empty one after the last line's end. */
export function linesOf(text: string): string[] {
  return text.replace(/\n$/, "").split("\n");
}
