// A fixture: a manifest `<name>.json` and the safetensors files that it lists, in any directory.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseSafetensors } from "../../src/checkpoint/safetensors.ts";
import { CheckpointError } from "../../src/errors.ts";
import type { Shape } from "../../src/graph.ts";

export interface Tolerance {
  rtol: number;
  atol: number;
}

export interface Manifest {
  kind: string;
  name: string;
  // deno-lint-ignore no-explicit-any
  config: any;
  /** Per group ("forward", "loss", "grad", ...), or words where the kind knows better. */
  tolerance?: Record<string, Tolerance>;
  files?: Record<string, unknown>;
  // deno-lint-ignore no-explicit-any
  [more: string]: any;
}

export interface Fixture {
  directory: string;
  manifest: Manifest;
  /** Shape of every tensor, over all the fixture's files. */
  shapes: ReadonlyMap<string, Shape>;
  /** Values as numbers, whatever they are stored as. */
  values(name: string): Float64Array;
}

/** Reads a manifest; null for a JSON file that is none. */
export async function readManifest(path: string): Promise<Manifest | null> {
  const parsed = JSON.parse(await readFile(path, "utf8"));
  return typeof parsed?.kind === "string" ? { name: path.replace(/^.*[/\\]|\.json$/g, ""), ...parsed } : null;
}

export async function openFixture(directory: string, manifest: Manifest): Promise<Fixture> {
  const shapes = new Map<string, Shape>(), readers = new Map<string, () => Float64Array>();
  for (const file of Object.keys(manifest.files ?? {}).filter((name) => name.endsWith(".safetensors"))) {
    const stored = parseSafetensors(await readFile(join(directory, file)), file);
    for (const [name, { shape }] of stored.tensors) {
      shapes.set(name, shape);
      readers.set(name, () => stored.readNumbers(name));
    }
  }
  return {
    directory,
    manifest,
    shapes,
    values(name) {
      const read = readers.get(name);
      if (!read) {
        throw new CheckpointError(
          `${manifest.name}: no tensor is named ${name}; the fixture's files are ${Object.keys(manifest.files ?? {}).join(", ") || "none"}`,
        );
      }
      return read();
    },
  };
}
