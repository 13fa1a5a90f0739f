import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import wgsl from "./token_rows.wgsl" with { type: "text" };

/**
 * Rows of tokens (B * (1 + N), C) that hold given patches: patch n of picture b, numbered b * N + n, is row b * (1 + N) + 1 + n, since
 * the class token stands before the patches. u32 of any shape → u32 of the same shape.
 *
 * ```ts
 * import { constant, interpret, tokenRows } from "../../mod.ts";
 * const [y] = interpret([tokenRows(constant("rows", [2], [0, 4], "u32"), 4)]);
 * console.assert(y.join() === "1,6");
 * ```
 */
export function tokenRows(patches: Tensor, N: number): Tensor {
  if (patches.dtype !== "u32") throw new ShapeError(`tokenRows: the patch numbers ${patches} are ${patches.dtype}; they must be u32`);
  return op({ rows: patches }, { N }).y;
}

const op = defineOp<{ rows: Tensor }, "y", { N: number }>({
  name: "token_rows",
  outputs: ({ rows: { shape } }) => ({ y: { shape, dtype: "u32" } }),
  launches: (
    { rows: { size: R } },
    { N },
  ) => [{ label: "token_rows", wgsl: flatIndex + wgsl, dims: { R, N }, workgroups: Math.ceil(R / 64) }],
  backward: null,
  reference: ({ rows }, _, { N }) => ({ y: Uint32Array.from(rows, (row: number) => row + Math.floor(row / N) + 1) }),
});
