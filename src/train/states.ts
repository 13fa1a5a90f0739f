// States of a program by name: out for a checkpoint, in for a resume. States that share a pack cross over together.

import { CheckpointError } from "../errors.ts";
import { storage, type Tensor } from "../graph.ts";
import type { Program } from "../program.ts";
import type { TensorInput } from "../checkpoint/mod.ts";

export type Named = Readonly<Record<string, Tensor>>;

/** Values of states or parts of states, each with its shape. */
export async function readStates(program: Program, named: Named): Promise<Record<string, TensorInput & { data: Float32Array }>> {
  const roots = new Map<Tensor, Float32Array>();
  for (const t of Object.values(named)) {
    const { root } = storage(t);
    if (!roots.has(root)) roots.set(root, await program.read(root) as Float32Array);
  }
  return Object.fromEntries(
    Object.entries(named).map(([name, t]) => {
      const { root, offset } = storage(t);
      return [name, { shape: t.shape, data: roots.get(root)!.subarray(offset, offset + t.size) }];
    }),
  );
}

/** Sets every state of `named`, or none. `values` gives a state's values by its name. @throws CheckpointError for another size. */
export async function writeStates(
  program: Program,
  named: Named,
  values: (name: string) => Promise<Float32Array> | Float32Array,
): Promise<void> {
  const packs = new Map<Tensor, Float32Array>();
  for (const [name, t] of Object.entries(named)) {
    const { root, offset } = storage(t), data = await values(name);
    if (data.length !== t.size) {
      throw new CheckpointError(`${name}: the checkpoint has ${data.length} values, the model ${t}; it is of another model`);
    }
    if (!packs.has(root)) packs.set(root, new Float32Array(root.size));
    packs.get(root)!.set(data, offset);
  }
  for (const [root, data] of packs) program.write({ [root.name]: data });
}
