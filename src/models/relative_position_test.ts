import { expect, test } from "bun:test";
import { RecipeError } from "../errors.ts";
import { relativePositionIndex, relativePositionRows } from "./relative_position.ts";

test("relativePositionIndex() numbers a window of 1x2 by hand", () => {
  // Rows 0 1 2: difference in x of -1, 0, 1; then class → patch 3, patch → class 4, class → class 5.
  expect(relativePositionRows([1, 2])).toBe(6);
  expect(Array.from(relativePositionIndex([1, 2]))).toEqual([5, 3, 3, 4, 1, 0, 4, 2, 1]);
});

test("pairs with the same difference share a row, all others have their own", () => {
  for (const window of [[1, 1], [4, 4], [3, 5], [5, 2]] as const) {
    const [height, width] = window, T = height * width + 1, index = relativePositionIndex(window);
    const rowOf = new Map<string, number>();
    for (let q = 0; q < T; q++) {
      for (let k = 0; k < T; k++) {
        const place = (t: number) => [Math.floor((t - 1) / width), (t - 1) % width];
        const [yq, xq] = place(q), [yk, xk] = place(k);
        const pair = q && k ? `${yq - yk} ${xq - xk}` : `${q ? "patch" : "class"} ${k ? "patch" : "class"}`;
        if (!rowOf.has(pair)) rowOf.set(pair, index[q * T + k]);
        expect(index[q * T + k]).toBe(rowOf.get(pair)!);
      }
    }
    const rows = [...rowOf.values()].sort((a, b) => a - b);
    expect(rows).toEqual(Array.from({ length: relativePositionRows(window) }, (_, i) => i));
  }
});

test("a window without patches is refused", () => {
  expect(() => relativePositionRows([14, 0])).toThrow(RecipeError);
  expect(() => relativePositionIndex([1.5, 2])).toThrow(/1.5x2/);
});
