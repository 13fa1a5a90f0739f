import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp } from "../../tests/check_op.ts";
import { relativeBias, relativePairs } from "./relative_bias.ts";

/** Pairs of T tokens by their difference; the last row belongs to none. */
const line = (T: number) => Uint32Array.from({ length: T * T }, (_, pair) => Math.floor(pair / T) - pair % T + T - 1);

for (const [T, NH] of [[1, 1], [3, 2], [9, 12], [20, 3]]) {
  checkOp(`relativeBias() of ${T} tokens`, (table) => relativeBias(table, relativePairs(line(T), 2 * T)), [[[2 * T, NH]]]);
}

test("relativeBias() reads the row of each pair", () => {
  const table = input("table", [4, 2]), y = relativeBias(table, relativePairs(Uint32Array.of(0, 3, 1, 0), 4));
  expect(Array.from(interpret([y], new Map([[table, [1, 10, 2, 20, 3, 30, 4, 40]]]))[0])).toEqual([1, 4, 2, 1, 10, 40, 20, 10]);
});

test("an index that does not fit is refused by name", () => {
  expect(() => relativePairs(Uint32Array.of(0, 1), 2)).toThrow("relativePairs: the index has 2 entries");
  expect(() => relativePairs(Uint32Array.of(2), 2)).toThrow("the index names row 2, the table has 2");
  expect(() => relativeBias(input("table", [3, 2]), relativePairs(Uint32Array.of(0), 2))).toThrow(
    "relativeBias: table (3, 2) is not (2, NH)",
  );
});
