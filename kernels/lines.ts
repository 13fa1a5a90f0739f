// Launches of kernels that work on the lines of a tensor along its middle axis.

import type { Launch, Tensor } from "../src/graph.ts";
import flatIndex from "./common/flat_index.wgsl" with { type: "text" };
import lineColumns from "./common/line_columns.wgsl" with { type: "text" };
import lineRows from "./common/line_rows.wgsl" with { type: "text" };
import workgroupMax from "./common/workgroup_max.wgsl" with { type: "text" };
import workgroupSum from "./common/workgroup_sum.wgsl" with { type: "text" };

/**
 * A launch over the lines of x (K, S, C), each along S; `wgsl` uses the functions of line_rows.wgsl and line_columns.wgsl. Long rows
 * take a workgroup each; short ones would leave most of its threads idle.
 */
export function overLines(label: string, { shape: [K, S, C] }: Tensor, wgsl: string): Launch {
  const rows = C === 1 && S > 32, chunks = rows ? workgroupSum + workgroupMax + lineRows : flatIndex + lineColumns;
  return { label, wgsl: chunks + wgsl, dims: { K, S, C }, workgroups: rows ? K : Math.ceil(K * C / 64) };
}
