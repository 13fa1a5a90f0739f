// Names against the patterns of the table.

/** What follows the pattern in `name` ("" or ".weight"), and the block's number for its `*`; undefined if the name is not of the pattern. */
export function match(pattern: string, name: string): { block: string; rest: string } | undefined {
  const parts = pattern.split("."), found = name.split(".");
  let block = "";
  for (const [i, part] of parts.entries()) {
    if (part === "*" && /^\d+$/.test(found[i] ?? "")) block = found[i];
    else if (part !== found[i]) return undefined;
  }
  return { block, rest: found.slice(parts.length).map((part) => `.${part}`).join("") };
}

/** The name that a pattern stands for. */
export function fill(pattern: string, { block, rest }: { block: string; rest: string }): string {
  return pattern.replace("*", block) + rest;
}
