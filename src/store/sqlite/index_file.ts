// Where the index of a collection waits for the next start: beside the database, under a name that says for which state of the collection
// it is. It can always be made again, so nothing depends on it.

import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Neighbours } from "../neighbours.ts";
import type { CollectionRow } from "./rows.ts";

const nameOf = (path: string, key: number, revision: number) => `${path}.${key}-${revision}.usearch`;

/** Fills an empty index from its file; false if there is none for this state. */
export function loadIndex(path: string, { key, revision, count }: CollectionRow, neighbours: Neighbours): boolean {
  const name = nameOf(path, key, revision);
  return existsSync(name) && neighbours.load(name, count);
}

/** Writes the index, whole or not at all, and removes those of earlier states. */
export function saveIndex(path: string, key: number, revision: number, neighbours: Neighbours): void {
  const name = nameOf(path, key, revision);
  if (path === ":memory:" || existsSync(name)) return;
  neighbours.save(`${name}.tmp`);
  renameSync(`${name}.tmp`, name);
  removeIndexes(path, key, name);
}

/** Removes the files of a collection's index, but for one. */
export function removeIndexes(path: string, key: number, kept = ""): void {
  if (path === ":memory:") return;
  const beginning = `${basename(path)}.${key}-`;
  for (const file of readdirSync(dirname(path) || ".")) {
    const whole = join(dirname(path), file);
    if (file.startsWith(beginning) && /\.usearch(\.tmp)?$/.test(file) && file !== basename(kept)) rmSync(whole, { force: true });
  }
}
