import { ShapeError } from "../../src/errors.ts";
import { defineOp, reshape, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import clearWgsl from "./clear.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import joinWgsl from "./join.wgsl" with { type: "text" };
import linkWgsl from "./link.wgsl" with { type: "text" };
import noneWgsl from "./none.wgsl" with { type: "text" };

/**
 * Rows of a table: an embedding, or a relative position bias. table (V, C), indices u32 (…) → (…, C).
 * An index of V or more gives a row of NaN and takes no part in the gradient.
 *
 * ```ts
 * import { constant, gather, interpret } from "../../mod.ts";
 * const [y] = interpret([gather(constant("table", [3, 2], [1, 2, 3, 4, 5, 6]), constant("rows", [2], [2, 0], "u32"))]);
 * console.assert(y.join() === "5,6,1,2");
 * ```
 */
export function gather(table: Tensor, indices: Tensor): Tensor {
  if (table.shape.length !== 2) throw new ShapeError(`gather: ${table} is not a table (V, C); reshape it`);
  if (indices.dtype !== "u32") throw new ShapeError(`gather: the indices ${indices} are ${indices.dtype}; they must be u32`);
  return reshape(forward({ table, indices }, {}).y, [...indices.shape, table.shape[1]]);
}

const forward = defineOp<{ table: Tensor; indices: Tensor }, "y">({
  name: "gather",
  f16: ["y"],
  outputs: ({ table, indices }) => ({ y: [indices.size, table.shape[1]] }),
  launches: ({ table: { shape: [V, C] }, indices, y }) => [{
    label: "gather/forward",
    wgsl: flatIndex + forwardWgsl,
    dims: { R: indices.size, V, C, nan: NaN },
    workgroups: Math.ceil(y.size / 64),
  }],
  backward: ({ table, indices }, { dy }) => ({ table: backward({ indices, dy: dy! }, { V: table.shape[0] }).dtable }),
  reference({ table, indices }, { table: { shape: [V, C] }, y }) {
    return {
      y: Float64Array.from({ length: y.size }, (_, i) => {
        const v = indices[Math.floor(i / C)];
        return v < V ? table[v * C + i % C] : NaN;
      }),
    };
  },
  cpu({ table, indices, y }) {
    const [V, C] = table.shape;
    for (let r = 0; r < indices.size; r++) {
      const v = indices.data[r];
      if (v < V) y.data.set(table.data.subarray(v * C, (v + 1) * C), r * C);
      else y.data.fill(NaN, r * C, (r + 1) * C);
    }
  },
});

// Floats cannot be added atomically, and atomics would add in another order each run. Instead the rows of each entry become a list:
// within chunks of rows first, each walked by one invocation, then over the chunks.
const backward = defineOp<{ indices: Tensor; dy: Tensor }, "dtable" | "heads" | "next", { V: number }>({
  name: "gather_backward",
  f16: ["dtable"],
  outputs: ({ indices: { size: R }, dy }, { V }) => ({
    dtable: [V, dy.shape[1]],
    heads: { shape: [Math.ceil(R / chunkLength(R)), V], dtype: "u32" },
    next: { shape: [R], dtype: "u32" },
  }),
  launches({ indices: { size: R }, dtable, heads }) {
    const [V, C] = dtable.shape, [chunks] = heads.shape;
    const launch = (label: string, wgsl: string, dims: Record<string, number>, threads: number) => ({
      label: `gather/${label}`,
      wgsl: flatIndex + noneWgsl + wgsl,
      dims,
      workgroups: Math.ceil(threads / 64),
    });
    return [
      launch("clear", clearWgsl, { N: heads.size }, heads.size),
      launch("link", linkWgsl, { R, V, length: chunkLength(R) }, chunks),
      launch("join", joinWgsl, { V, chunks }, V),
      launch("backward", backwardWgsl, { V, C }, dtable.size),
    ];
  },
  backward: null,
  reference({ indices, dy }, { dtable: { shape: [V, C] }, heads, next }) {
    const dtable = new Float64Array(V * C);
    indices.forEach((v: number, r: number) => {
      if (v < V) { for (let c = 0; c < C; c++) dtable[v * C + c] += dy[r * C + c]; }
    });
    return { dtable, heads: new Uint32Array(heads.size), next: new Uint32Array(next.size) };
  },
  // Row after row into f64 would cost a table of its own; in f32 each row adds one rounding, as on the other devices.
  cpu({ indices, dy, dtable }) {
    const [V, C] = dtable.shape, into = dtable.data, from = dy.data;
    into.fill(0);
    for (let r = 0; r < indices.size; r++) {
      const v = indices.data[r];
      if (v < V) { for (let c = 0; c < C; c++) into[v * C + c] += from[r * C + c]; }
    }
  },
});

/** As many chunks as rows in one: then neither walking a chunk nor joining chunks is long. */
function chunkLength(R: number): number {
  return Math.max(64, Math.ceil(Math.sqrt(R)));
}
