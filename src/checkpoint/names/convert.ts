// Tensors of a BEiT from one published layout to another, without reading them: what is split or joined is so when it is read.

import { CheckpointError } from "../../errors.ts";
import type { StoredTensor } from "../checkpoint.ts";
import { fill, match } from "./match.ts";
import { joined, renamed, split } from "./pieces.ts";
import { computed, lastNorm, type Layout, type Row, table } from "./table.ts";

export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** The layout that the names are of; official and timm names are the same ("official"). Throws CheckpointError if they are no BEiT's. */
export function layoutOf(tensors: StoredTensors, file: string): "official" | "hf" {
  const has = (pattern: RegExp) => [...tensors.keys()].some((name) => pattern.test(name));
  if (has(/^(beit\.)?encoder\.layer\.\d+\.layernorm_before\./)) return "hf";
  if (has(/^(backbone\.)?blocks\.\d+\.norm1\./)) return "official";
  const some = [...tensors.keys()].slice(0, 3).join(", ");
  throw new CheckpointError(
    `${file}: its ${tensors.size} names (${some}, ...) are not those of a BEiT; give one in the official, timm or Hugging Face layout`,
  );
}

/**
 * The tensors under their official names, whatever the layout they come in. The index of relative positions that older files hold is dropped.
 * A name that no layout has stays as it is, for the model to report. Throws CheckpointError when query, key and value do not belong together.
 */
export function toOfficial(tensors: StoredTensors, file = "checkpoint"): Map<string, StoredTensor> {
  const hf = layoutOf(tensors, file) === "hf", given = new Map<string, StoredTensor>(), official = new Map<string, StoredTensor>();
  const add = (map: Map<string, StoredTensor>, name: string, tensor: StoredTensor) => {
    if (map.has(name)) throw new CheckpointError(`${file}: two tensors stand for ${name}; keep one of them`);
    map.set(name, tensor);
  };
  for (const [name, tensor] of tensors) {
    if (!computed.test(name)) add(given, hf ? withPrefix(name) : name.replace(/^backbone\./, ""), tensor);
  }
  for (const [name, tensor] of given) {
    const found = hf ? find((row) => row.hf, name) : undefined;
    const to = found ? fill(found.row.official, found) : name,
      parts = found ? [found.row.hf].flat().map((pattern) => fill(pattern, found)) : [];
    const missing = parts.find((part) => !given.has(part));
    if (missing) throw new CheckpointError(`${file}: ${name} is there, ${missing} is missing; both are needed for ${to}`);
    if (parts.length < 2) add(official, to, renamed(tensor, to, file));
    else if (name === parts[0]) add(official, to, joined(parts.map((part) => given.get(part)!), to, file));
  }
  return official;
}

/**
 * Officially named tensors in another layout. Throws CheckpointError for names that the layout has no word for (the first three, and how many).
 */
export function fromOfficial(tensors: StoredTensors, layout: Layout, file = "checkpoint"): Map<string, StoredTensor> {
  const norm = lastNorm(tensors.keys()), made = new Map<string, StoredTensor>(), unknown: string[] = [];
  for (const [name, tensor] of tensors) {
    if (computed.test(name)) continue;
    const found = find((row) => row.official === "norm" && row.hf !== norm ? [] : row.official, name);
    if (layout === "official") made.set(name, tensor);
    else if (!found) unknown.push(name);
    else if (layout === "timm") found.row.notInTimm || made.set(name, tensor);
    else {
      const names = [found.row.hf].flat().map((pattern) => fill(pattern, found));
      names.forEach((part, i) =>
        made.set(part, names.length === 1 ? renamed(tensor, part, file) : split(tensor, part, i, names.length, file))
      );
    }
  }
  if (!unknown.length) return made;
  throw new CheckpointError(
    `${file}: the ${layout} layout has no name for ${unknown.length} tensors (${unknown.slice(0, 3).join(", ")}); leave them out`,
  );
}

/** The first row with a pattern for the name. */
function find(patterns: (row: Row) => string | string[], name: string) {
  for (const row of table) {
    for (const pattern of [patterns(row)].flat()) {
      const matched = match(pattern, name);
      if (matched) return { row, ...matched };
    }
  }
}

/** Files of the bare encoder have no "beit." before its names. */
function withPrefix(name: string): string {
  return /^(embeddings|encoder|pooler)\./.test(name) ? `beit.${name}` : name;
}
