import type { Shape } from "../../src/graph.ts";
import { around } from "../axis.ts";

/** Override, Dims and workgroups of kernels over the columns of `axis`; `columns.wgsl` has their plan. */
export function columnLaunch(shape: Shape, axis: number) {
  const [B, K, S] = around(shape, axis);
  let COLUMNS = 1;
  while (COLUMNS < Math.min(S, 16)) COLUMNS *= 2; // 16 values of four bytes fill a sector of memory
  return { dims: { K, S, columns: B * S }, overrides: { COLUMNS }, workgroups: Math.ceil(B * S / COLUMNS) };
}

/** Calls `visit` with the indices of each column's values, and the column's number. */
export function eachColumn(shape: Shape, axis: number, visit: (indices: number[], column: number) => void): void {
  const [B, K, S] = around(shape, axis);
  for (let b = 0; b < B; b++) {
    for (let s = 0; s < S; s++) visit(Array.from({ length: K }, (_, k) => (b * K + k) * S + s), b * S + s);
  }
}
