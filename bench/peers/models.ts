// The jobs' models in this project's terms.

import { type BeitConfig, beitConfig } from "../../src/models/beit_config.ts";
import { type DvaeConfig, dvaeConfig, dvaePresets } from "../../src/models/dvae.ts";
import type { Dvae, ViT } from "./jobs.ts";

export function beitOf({ name: _, ...sizes }: ViT): BeitConfig {
  return beitConfig({ ...sizes, relativePositions: "none", absolutePositions: true, layerScale: null, dropPath: 0 });
}

export function dvaeOf({ groups, blocks, vocab }: Dvae): DvaeConfig {
  return dvaeConfig({ ...dvaePresets.small, groups, blocks, vocab });
}
