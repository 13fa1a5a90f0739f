// The names that an entry of the library exports, each with the comment above its declaration.
import { posix } from "node:path";
import { source } from "./source.ts";

export interface PublicName {
  name: string;
  /** Where it is declared. */
  path: string;
  kind: "function" | "class" | "type" | "const";
  /** Exported as a type alone: nobody can call it. */
  typeOnly: boolean;
  /** The comment; empty where there is none. */
  doc: string;
}

const lists = /^export (type )?(?:\{([^}]*)\}|(\*)) from "(\.[^"]+)";/gm;

/** Follows `export … from` to the declarations. */
export function publicNames(path: string): PublicName[] {
  const names = ownNames(path);
  for (const [, typeList, list = "", all, from] of source(path).matchAll(lists)) {
    const there = posix.join(posix.dirname(path), from), known = publicNames(there);
    if (all) names.push(...known);
    for (const [, typeWord, name, alias = name] of list.replace(/\/\/.*$/gm, "").matchAll(/(type )?(\w+)(?: as (\w+))?/g)) {
      const typeOnly = Boolean(typeList ?? typeWord), found = known.filter((one) => one.name === name);
      const own = typeOnly ? found.find(({ kind }) => kind !== "const") : found[0];
      const unknown = { path: there, kind: "const" as const, typeOnly, doc: "" }; // then it counts as undocumented
      names.push({ ...own ?? unknown, name: alias, typeOnly: typeOnly || own?.typeOnly === true });
    }
  }
  return names;
}

const declarations = /^export (?:abstract )?(?:async )?(function|class|interface|type|const)\*? (\w+)/gm;

function ownNames(path: string): PublicName[] {
  const text = source(path);
  return [...text.matchAll(declarations)].map(({ 1: word, 2: name, index }) => {
    const before = text.slice(0, index).replace(/\/\/ deno-lint-ignore.*\n$/, "");
    const kind = word === "interface" ? "type" : word as PublicName["kind"];
    const doc = before.endsWith("*/\n") ? before.slice(before.lastIndexOf("/**")) : "";
    return { name, path, kind, typeOnly: kind === "type", doc };
  });
}
