// Evaluates tensors with the references of their ops, node by node, in float64: no plan, no device, nothing shared. It is what
// every device is compared with, and precise enough for central differences.

import { ShapeError } from "./errors.ts";
import { makers, type Numbers, startValues, storage, type Tensor } from "./graph.ts";

/**
 * Values of `wanted`, given values of the leaves (states fall back to their start values). In-place updates change nothing here.
 *
 * ```ts
 * import { input, interpret, square } from "../mod.ts";
 * const x = input("x", [3]);
 * console.assert(interpret([square(x)], new Map([[x, [1, 2, 3]]]))[0].join() === "1,4,9");
 * ```
 */
export function interpret(wanted: readonly Tensor[], leaves: ReadonlyMap<Tensor, ArrayLike<number>> = new Map()): Numbers[] {
  const known = new Map<Tensor, Numbers>();
  const value = (t: Tensor): Numbers => {
    const { root, offset } = storage(t);
    let whole = known.get(root);
    if (!whole) {
      const given = leaves.get(root) ?? (root.leaf?.kind === "state" ? startValues(root) : undefined);
      if (!given) throw new ShapeError(`interpret: no value for ${root}`);
      known.set(
        root,
        whole = root.dtype === "f32" ? Float64Array.from(given) : root.dtype === "u32" ? Uint32Array.from(given) : Uint8Array.from(given),
      );
    }
    return root === t ? whole : whole.subarray(offset, offset + t.size);
  };
  for (const node of makers(wanted)) {
    const data = Object.fromEntries(Object.entries(node.inputs).map(([name, t]) => [name, value(t)]));
    const results = node.op.reference(data, { ...node.inputs, ...node.outputs }, node.attributes) as Record<string, Numbers>;
    for (const [name, t] of Object.entries(node.outputs)) {
      if (results[name]?.length !== t.size) {
        throw new ShapeError(
          `interpret: the reference of ${node.op.name} gives ${results[name]?.length ?? "no"} values for ${name}, its shape is (${
            t.shape.join(", ")
          })`,
        );
      }
      known.set(t, results[name]);
    }
  }
  return wanted.map(value);
}
