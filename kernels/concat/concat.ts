import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import { around, axisOf, needsWords, withSide, wordsLike } from "../axis.ts";
import copyWindow from "../common/copy_window.wgsl" with { type: "text" };
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import { slice } from "../slice/slice.ts";

/**
 * Tensors one after the other along `axis`; their other sides and dtypes must agree. f32 or u32.
 *
 * ```ts
 * import { concat, constant, interpret } from "../../mod.ts";
 * const [y] = interpret([concat([constant("x", [2, 1], [1, 2]), constant("y", [2, 2], [3, 4, 5, 6])], 1)]);
 * console.assert(y.join() === "1,3,4,2,5,6");
 * ```
 */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (!tensors.length) throw new ShapeError("concat: no tensors were given; give at least one");
  const at = axisOf("concat", tensors[0], axis);
  return tensors.length === 1 ? tensors[0] : op(Object.fromEntries(tensors.map((t, i) => [`t${i}`, t])), { axis: at }).y;
}

type Attributes = { axis: number };

const op = defineOp<Record<string, Tensor>, "y", Attributes>({
  name: "concat",
  f16: ["y"],
  outputs(inputs, { axis }) {
    const [first, ...others] = Object.values(inputs);
    needsWords("concat", first);
    for (const t of others) {
      if (t.dtype !== first.dtype || withSide(t.shape, axis, 0).join() !== withSide(first.shape, axis, 0).join()) {
        throw new ShapeError(`concat: ${first} and ${t} differ beyond axis ${axis}; their other sides and dtypes must agree`);
      }
    }
    return { y: { shape: withSide(first.shape, axis, sideOf(Object.values(inputs), axis)), dtype: first.dtype } };
  },
  launches({ y, ...inputs }, { axis }) {
    const [, SY, C] = around(y.shape, axis);
    return starts(inputs, axis).map(({ name, t, start }) => ({
      label: "concat",
      wgsl: flatIndex + copyWindow,
      dims: { N: t.size, L: t.shape[axis] * C, SX: t.shape[axis] * C, SY: SY * C, shift: 0, offset: start * C },
      workgroups: Math.ceil(t.size / 64),
      bind: { x: name },
    }));
  },
  backward({ y: _, ...inputs }, { dy }, { axis }) {
    return Object.fromEntries(starts(inputs, axis).map(({ name, t, start }) => [name, slice(dy!, axis, start, start + t.shape[axis])]));
  },
  reference(data, { y, ...inputs }, { axis }) {
    const [K, SY, C] = around(y.shape, axis), out = wordsLike(y, y.size);
    for (const { name, t, start } of starts(inputs, axis)) {
      const S = t.shape[axis];
      for (let k = 0; k < K; k++) for (let i = 0; i < S * C; i++) out[(k * SY + start) * C + i] = data[name][k * S * C + i];
    }
    return { y: out };
  },
  cpu({ y, ...data }, { axis }, _, { y: { shape }, ...inputs }) {
    const [K, SY, C] = around(shape, axis);
    for (const { name, t, start } of starts(inputs, axis)) {
      const L = t.shape[axis] * C, from = data[name].data;
      for (let k = 0; k < K; k++) y.data.set(from.subarray(k * L, (k + 1) * L), (k * SY + start) * C);
    }
  },
});

const sideOf = (tensors: readonly Tensor[], axis: number) => tensors.reduce((sum, t) => sum + t.shape[axis], 0);

/** Each input with the place where it begins along the axis. */
function starts(inputs: Record<string, Tensor>, axis: number): { name: string; t: Tensor; start: number }[] {
  const entries = Object.entries(inputs);
  return entries.map(([name, t], i) => ({ name, t, start: sideOf(entries.slice(0, i).map(([, before]) => before), axis) }));
}
