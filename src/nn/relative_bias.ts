import { gather, permute } from "../../kernels/mod.ts";
import type { Tensor } from "../graph.ts";

/**
 * The bias of attention by relative position: each pair of tokens has its row of the table. table (R, NH), index u32 (T, T) of
 * (query, key) → (NH, T, T).
 */
export function relativeBias(table: Tensor, index: Tensor): Tensor {
  return permute(gather(table, index), [2, 0, 1]);
}
