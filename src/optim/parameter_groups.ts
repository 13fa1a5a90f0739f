// Weight decay and layer-wise learning rates by a parameter's name, as BEiT's optim_factory has them.

import { RecipeError } from "../errors.ts";
import type { Shape } from "../graph.ts";
import type { ParamSpec } from "../nn/parameters.ts";

/** How deep the encoder is, and how much less its lower layers learn. */
export interface GroupOptions {
  /** L, blocks of the encoder. */
  depth: number;
  /** Factor of the learning rate from each layer to the one below (0.65 for base, 0.75 for large); absent: all learn alike. */
  layerDecay?: number;
}

/** What the optimizer does with one parameter. */
export interface ParameterGroup extends Required<Pick<ParamSpec, "decay" | "lrScale">> {
  /** 0 the embeddings, 1 to L the blocks, L + 1 what comes after them and the shared position bias. */
  layer: number;
}

/** Decays in no recipe, though they have more than one axis. */
const undecayed = new Set(["pos_embed", "cls_token"]);

/**
 * The group of every parameter by its official name, for the `table` of adamw(). Vectors, biases, `pos_embed` and `cls_token` do not
 * decay; the mask token and the tables of relative positions do. lrScale = layerDecay ^ (L + 1 - layer).
 *
 * Throws RecipeError for a layer decay that is no factor, and for a block beyond the depth.
 *
 * ```ts
 * const table = parameterGroups({ "blocks.0.mlp.fc1.weight": [4, 1], "head.bias": [1] }, { depth: 1, layerDecay: 0.5 });
 * console.assert(table["blocks.0.mlp.fc1.weight"].lrScale === 0.5 && !table["head.bias"].decay);
 * ```
 */
export function parameterGroups(
  shapes: Readonly<Record<string, Shape>>,
  { depth, layerDecay = 1 }: GroupOptions,
): Record<string, ParameterGroup> {
  if (!(layerDecay > 0 && layerDecay <= 1)) {
    throw new RecipeError(`parameterGroups: layerDecay is ${layerDecay}; give a factor from 0 to 1`);
  }
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const layer = layerOf(name, depth);
      const decay = shape.length > 1 && !name.endsWith(".bias") && !undecayed.has(name);
      return [name, { decay, layer, lrScale: layerDecay ** (depth + 1 - layer) }];
    }),
  );
}

function layerOf(name: string, depth: number): number {
  if (/^(cls_token|mask_token|pos_embed)$|^patch_embed/.test(name)) return 0;
  const block = /^blocks\.(\d+)\./.exec(name);
  if (!block) return depth + 1;
  if (Number(block[1]) < depth) return Number(block[1]) + 1;
  throw new RecipeError(`parameterGroups: ${name} is of block ${block[1]}, the depth is ${depth}; give the depth of this model`);
}
