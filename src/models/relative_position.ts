// Relative positions of BEiT: which row of the bias table belongs to a pair of tokens (Liu et al. 2021, with three rows for the class token).

import { RecipeError } from "../errors.ts";

/** Patches in a column and in a row. */
export type Window = readonly [height: number, width: number];

/**
 * Rows of the bias table of a window: every difference of two places, then class → patch, patch → class, class → class.
 *
 * ```ts
 * import { relativePositionRows } from "../../mod.ts";
 * console.assert(relativePositionRows([14, 14]) === 732);
 * ```
 */
export function relativePositionRows([height, width]: Window): number {
  for (const side of [height, width]) {
    if (!Number.isInteger(side) || side < 1) {
      throw new RecipeError(`relative positions: a window of ${height}x${width} patches; both sides must be whole numbers from 1`);
    }
  }
  return (2 * height - 1) * (2 * width - 1) + 3;
}

/**
 * (N + 1, N + 1) rows of the table, N = height * width: `index[query][key]`, the class token first, then the patches row by row.
 * Row of a pair of patches: (yq - yk + height - 1) * (2 * width - 1) + (xq - xk + width - 1).
 *
 * ```ts
 * import { relativePositionIndex } from "../../mod.ts";
 * console.assert(relativePositionIndex([1, 2]).join() === "5,3,3,4,1,0,4,2,1");
 * ```
 */
export function relativePositionIndex(window: Window): Uint32Array {
  const [height, width] = window, R = relativePositionRows(window), T = height * width + 1;
  const index = new Uint32Array(T * T);
  for (let query = 1; query < T; query++) {
    const yq = Math.floor((query - 1) / width), xq = (query - 1) % width;
    for (let key = 1; key < T; key++) {
      const yk = Math.floor((key - 1) / width), xk = (key - 1) % width;
      index[query * T + key] = (yq - yk + height - 1) * (2 * width - 1) + (xq - xk + width - 1);
    }
    index[query] = R - 3;
    index[query * T] = R - 2;
  }
  index[0] = R - 1;
  return index;
}
