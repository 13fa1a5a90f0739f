// Tensors side by side in one buffer, so that one launch serves them all. The planner lets their makers write there directly
// where it can; what is left is copied.

import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import copyWindow from "../common/copy_window.wgsl" with { type: "text" };
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };

/** Places must be multiples of this many values: 256 bytes, WebGPU's default alignment of bindings. */
export const packAlignment = 64;

/**
 * Tensors at given places of a pack (N) of f32, zero between them. `offsets` count values and are multiples of 64.
 *
 * ```ts
 * import { constant, interpret, pack } from "../../mod.ts";
 * const [y] = interpret([pack([constant("a", [1], [7]), constant("b", [2], [8, 9])], [0, 64], 128)]);
 * console.assert(y[0] === 7 && y[64] === 8 && y[65] === 9 && y[1] === 0);
 * ```
 */
export function pack(tensors: readonly Tensor[], offsets: readonly number[], N: number): Tensor {
  return op(Object.fromEntries(tensors.map((t, i) => [`t${i}`, t])), { offsets, N }).y;
}

const op = defineOp<Record<string, Tensor>, "y", { offsets: readonly number[]; N: number }>({
  name: "pack",
  outputs(inputs, { offsets, N }) {
    const ends = Object.values(inputs).map((t, i) => ({ t, from: offsets[i], to: offsets[i] + t.size })).sort((a, b) => a.from - b.from);
    ends.forEach(({ t, from, to }, i) => {
      if (t.dtype !== "f32" || from % packAlignment || to > N) {
        throw new ShapeError(`pack: ${t} at ${from} does not fit a pack of ${N} f32; places are multiples of ${packAlignment} inside it`);
      }
      if (i && from < ends[i - 1].to) {
        throw new ShapeError(`pack: ${ends[i - 1].t} and ${t} overlap at ${from}; give each a place of its own`);
      }
    });
    return { y: [N] };
  },
  places: (inputs, { offsets }) => Object.fromEntries(Object.keys(inputs).map((name, i) => [name, offsets[i]])),
  launches: ({ y: _, ...inputs }, { offsets, N }, { placed }) =>
    Object.entries(inputs).map(([x, t], i) => ({
      label: "pack",
      wgsl: flatIndex + copyWindow,
      dims: { N: t.size, L: t.size, SX: t.size, SY: N, shift: 0, offset: offsets[i] },
      workgroups: Math.ceil(t.size / 64),
      bind: { x },
    })).filter(({ bind }) => !placed(bind.x)),
  backward: null,
  reference(data, { y: { size } }, { offsets }) {
    const y = new Float64Array(size);
    Object.values(data).forEach((values, i) => y.set(values, offsets[i]));
    return { y };
  },
});
