// The files in which a fixture's weights are published: its safetensors, and what other manifests of the folder say holds the same.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { loadBeit } from "../../src/checkpoint/beit/mod.ts";
import type { BeitConfig } from "../../src/models/beit_config.ts";
import type { ParamSpec } from "../../src/nn/parameters.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import { type Fixture, readManifest } from "./fixture.ts";

export interface LoadedFile {
  file: string;
  table: Record<string, ParamSpec>;
}

/** Each file's table of parameters; a check fails for one that gives another configuration or other values than the fixture's. */
export async function weightFiles(fixture: Fixture, config: BeitConfig, check: Check): Promise<LoadedFile[]> {
  const { directory, manifest, values } = fixture, loaded: LoadedFile[] = [];
  const own = Object.keys(manifest.files ?? {}).filter((file) => file.endsWith(".weights.safetensors"));
  for (const file of [...own, ...await sameWeights(directory, manifest.name)]) {
    const { heads, imageSize } = config, read = await loadBeit(join(directory, file), { known: { heads, imageSize } }), { table } = read;
    exact(check, `${file}: configuration`, [JSON.stringify(read.config)], [JSON.stringify({ ...read.config, ...shapeFields(config) })]);
    for (const name of Object.keys(table)) exact(check, `${file}: ${name}`, read.values[name] ?? [], Float32Array.from(values(name)));
    loaded.push({ file, table });
  }
  return loaded;
}

/** What the tensors tell of a model; start values, rates and eps are not to be seen in them. */
function shapeFields(config: BeitConfig): Partial<BeitConfig> {
  const { dropPath: _, layerScale: __, normEps: ___, ...fields } = config;
  return fields;
}

/** Files of torch.save of which a manifest beside says that they hold the weights of `name`. */
async function sameWeights(directory: string, name: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of (await readdir(directory)).filter((entry) => entry.endsWith(".json")).sort()) {
    const manifest = await readManifest(join(directory, entry)).catch(() => null); // a damaged manifest fails by itself
    if (manifest?.kind !== "pth") continue;
    for (const [file, description] of Object.entries(manifest.files ?? {})) {
      if (new RegExp(`weights (safetensors )?of ${name}\\b`).test(String(description))) files.push(file);
    }
  }
  return files;
}
