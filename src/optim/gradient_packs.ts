// Gradients laid out like the parameters they belong to, so that one launch a pack serves norm, update and accumulation.

import { accumulate } from "../../kernels/accumulate/accumulate.ts";
import { pack } from "../../kernels/pack/pack.ts";
import { ShapeError } from "../errors.ts";
import { input, state, storage, type Tensor } from "../graph.ts";

export interface GradientPack {
  /** The state that holds the parameters. */
  parameters: Tensor;
  /** Its gradient, value for value; zero for parameters that take none. */
  gradient: Tensor;
}

/**
 * Gradients side by side as the parameters lie. `grads` has the gradient of each parameter, in the order of `params`.
 *
 * @throws ShapeError when counts or shapes differ.
 */
export function packGradients(params: Readonly<Record<string, Tensor>>, grads: readonly Tensor[]): GradientPack[] {
  const tensors = Object.values(params);
  if (tensors.length !== grads.length) {
    throw new ShapeError(`packGradients: ${grads.length} gradients for ${tensors.length} parameters; give one for each, in their order`);
  }
  const packs = new Map<Tensor, { gradients: Tensor[]; offsets: number[] }>();
  tensors.forEach((t, i) => {
    if (t.size !== grads[i].size) throw new ShapeError(`packGradients: ${grads[i]} is no gradient of ${t}; they must have the same shape`);
    const { root, offset } = storage(t);
    const entry = packs.get(root) ?? { gradients: [], offsets: [] };
    packs.set(root, entry);
    entry.gradients.push(grads[i]);
    entry.offsets.push(offset);
  });
  return [...packs].map(([root, { gradients, offsets }]) => ({
    parameters: root,
    gradient: pack(gradients, offsets, root.size).as(`gradient of ${root.name}`),
  }));
}

/** Name of the input that says whether a sum of gradients goes on (1) or begins anew (0). */
export const keepInput = "accumulate.keep";

/**
 * Sums of gradients over micro-batches: a program that only accumulates takes `updates`; the one that ends the step gives `packs`
 * to `adamw()` as well. Both write `keepInput`: 0 in the first micro-batch of a step, then 1. Divide the loss by their number.
 * `makeState` as in `adamw()`.
 */
export function accumulateGradients(packs: readonly GradientPack[], makeState = state): { packs: GradientPack[]; updates: Tensor[] } {
  const keep = input(keepInput, [1]);
  const summed = packs.map(({ parameters, gradient }) => ({
    parameters,
    gradient: accumulate(makeState(`sum of ${gradient.name}`, [gradient.size]), gradient, keep),
  }));
  return { packs: summed, updates: summed.map(({ gradient }) => gradient) };
}
