// Learning rates by layer for fine-tuning a BERT: what was pre-trained, and lies deepest, changes least.

import type { ParamSpec } from "../../nn/parameters.ts";

/** The table with rates of layerDecay ^ (L + 1 - layer): 0 the embeddings, 1 to L the blocks, L + 1 the heads. */
export function withLayerRates(table: Record<string, ParamSpec>, depth: number, layerDecay: number): Record<string, ParamSpec> {
  return Object.fromEntries(
    Object.entries(table).map(([name, spec]) => [name, { ...spec, lrScale: layerDecay ** (depth + 1 - layerOf(name, depth)) }]),
  );
}

function layerOf(name: string, depth: number): number {
  if (name.startsWith("bert.embeddings.")) return 0;
  const block = /^bert\.encoder\.layer\.(\d+)\./.exec(name);
  return block ? Number(block[1]) + 1 : depth + 1;
}
