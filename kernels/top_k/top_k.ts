// The largest values along an axis, and where they are.

import { ShapeError } from "../../src/errors.ts";
import { type CpuTensor, defineOp, reshape, type Tensor } from "../../src/graph.ts";
import { around, axisOf, withSide } from "../axis.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import columnsWgsl from "./columns.wgsl" with { type: "text" };
import rankedWgsl from "./ranked.wgsl" with { type: "text" };
import rowsWgsl from "./rows.wgsl" with { type: "text" };

/**
 * The k largest values along `axis` (the last if absent), largest first, and their places as u32; of equal values the first comes
 * first. The axis then has k places. NaN is never among them: where fewer than k values are left, the value is NaN and the place is
 * the side of the axis. There is no gradient.
 *
 * ```ts
 * import { constant, interpret, topK } from "../../mod.ts";
 * const [y] = interpret([topK(constant("x", [1, 3], [1, 9, 2]), 2).values]);
 * console.assert(y.join() === "9,2");
 * ```
 */
export function topK(x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  const at = axisOf("topK", x, axis);
  if (!Number.isInteger(k) || k < 1 || k > x.shape[at]) {
    throw new ShapeError(`topK: ${x} has ${x.shape[at]} values along axis ${axis}, ${k} are wanted; ask for 1 to ${x.shape[at]}`);
  }
  const { values, indices } = op({ x: reshape(x, around(x.shape, at)) }, { k });
  const shape = withSide(x.shape, at, k);
  return { values: reshape(values, shape), indices: reshape(indices, shape) };
}

/**
 * Place (u32) of the largest value along `axis` (the last if absent), which disappears; of equal values the first. See `topK`.
 *
 * ```ts
 * import { argmax, constant, interpret } from "../../mod.ts";
 * const [y] = interpret([argmax(constant("x", [2, 3], [1, 9, 2, 7, 3, 4]), 1)]);
 * console.assert(y.join() === "1,0");
 * ```
 */
export function argmax(x: Tensor, axis = -1): Tensor {
  const at = axisOf("argmax", x, axis);
  const rest = x.shape.filter((_, i) => i !== at);
  return reshape(topK(x, 1, at).indices, rest.length ? rest : [1]);
}

const op = defineOp<{ x: Tensor }, "values" | "indices", { k: number }>({
  name: "top_k",
  outputs: ({ x: { shape: [K, , C] } }, { k }) => ({ values: [K, k, C], indices: { shape: [K, k, C], dtype: "u32" } }),
  launches({ x: { shape: [K, S, C] } }, { k }) {
    // As for softmax: long rows take a workgroup each.
    if (C === 1 && S > 32) return [{ label: "top_k/rows", wgsl: rankedWgsl + rowsWgsl, dims: { R: K, S, k, nan: NaN }, workgroups: K }];
    const wgsl = flatIndex + rankedWgsl + columnsWgsl;
    return [{ label: "top_k/columns", wgsl, dims: { K, S, C, k, nan: NaN }, workgroups: Math.ceil(K * C / 64) }];
  },
  backward: null,
  reference({ x }, { x: { shape: [K, S, C] } }, { k }) {
    const values = new Float64Array(K * k * C).fill(NaN), indices = new Uint32Array(K * k * C).fill(S);
    for (let line = 0; line < K; line++) {
      for (let c = 0; c < C; c++) {
        const value = (s: number) => x[(line * S + s) * C + c];
        const places = Array.from({ length: S }, (_, s) => s).filter((s) => !Number.isNaN(value(s)));
        places.sort((a, b) => value(b) - value(a) || a - b).slice(0, k).forEach((s, n) => {
          values[(line * k + n) * C + c] = value(s);
          indices[(line * k + n) * C + c] = s;
        });
      }
    }
    return { values, indices };
  },
  cpu: ({ x, values, indices }, { k }) => topKCpu(x, values, indices as unknown as CpuTensor<Uint32Array>, k),
});

/** k passes, each for the largest value that comes after the one before: by value, then by place. */
function topKCpu({ data: x, shape: [K, S, C] }: CpuTensor, values: CpuTensor, indices: CpuTensor<Uint32Array>, k: number): void {
  for (let line = 0; line < K; line++) {
    for (let c = 0; c < C; c++) {
      const start = line * S * C + c;
      for (let n = 0, above = Infinity, last = -1; n < k; n++) {
        let best = NaN, place = S;
        for (let s = 0, i = start; s < S; s++, i += C) {
          const v = x[i];
          if ((v < above || v === above && s > last) && !(v <= best)) [best, place] = [v, s];
        }
        const at = (line * k + n) * C + c;
        [values.data[at], indices.data[at]] = [best, place];
        [above, last] = place < S ? [best, place] : [-Infinity, S];
      }
    }
  }
}
