// Launches of kernels that work on the lines of a tensor along its middle axis.

import type { Choice, Launch, LaunchContext, Tensor } from "../src/graph.ts";
import flatIndex from "./common/flat_index.wgsl" with { type: "text" };
import lineColumns from "./common/line_columns.wgsl" with { type: "text" };
import lineRows from "./common/line_rows.wgsl" with { type: "text" };
import { reducing } from "./common/reducing.ts";

/**
 * A launch over the lines of x (K, S, C), each along S; `wgsl` uses the functions of line_rows.wgsl and line_columns.wgsl. Long rows
 * take a workgroup each; short ones would leave most of its threads idle.
 */
export function overLines(label: string, { shape: [K, S, C], bytes }: Tensor, wgsl: string, context: LaunchContext): Launch[] | Choice {
  const dims = { K, S, C };
  if (C === 1 && S > 32) return reducing({ label, wgsl: lineRows + wgsl, dims, workgroups: K }, 2 * bytes, context);
  return [{ label, wgsl: flatIndex + lineColumns + wgsl, dims, workgroups: Math.ceil(K * C / 64) }];
}
