import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { embedTokens } from "./embed_tokens.ts";

const mask = (B: number, N: number): Leaf => ({ shape: [B, N], values: (i) => i % 3 === 1 ? 1 : i % 7 === 6 ? 0.25 : 0, fixed: true });

checkOp("embedTokens()", (x, c) => embedTokens(x, c, 2), [[[2, 1], [1, 1, 1]], [[6, 5], [1, 1, 5]], [[10, 70], [1, 1, 70]]]);
checkOp("embedTokens() with positions", (x, c, positions) => embedTokens(x, c, 3, { positions }), [[[9, 5], [1, 1, 5], [1, 4, 5]]]);
checkOp("embedTokens() with a mask", (x, c, maskToken, m) => embedTokens(x, c, 2, { maskToken, mask: m }), [
  [[8, 5], [5], [1, 1, 5], mask(2, 4)],
  [[34, 3], [3], [3], mask(2, 17)],
]);
checkOp("embedTokens() with all", (x, c, positions, maskToken, m) => embedTokens(x, c, 2, { positions, maskToken, mask: m }), [
  [[10, 70], [70], [6, 70], [70], mask(2, 5)],
]);

test("embedTokens() refuses what does not belong together, by name", () => {
  const x = input("patches", [6, 4]), c = input("cls", [4]);
  expect(() => embedTokens(x, c, 4)).toThrow("embedTokens: patches (6, 4) does not divide into 4 pictures");
  expect(() => embedTokens(x, input("cls", [5]), 2)).toThrow(
    "cls (5) does not go with patches (6, 4) of 2 pictures; it must have 4 values",
  );
  expect(() => embedTokens(x, c, 2, { positions: input("pos", [3, 4]) })).toThrow("pos (3, 4) does not go with patches (6, 4)");
  expect(() => embedTokens(x, c, 2, { maskToken: c })).toThrow("a mask and a mask token belong together");
  expect(() => embedTokens(x, c, 2, { maskToken: c, mask: input("mask", [7]) })).toThrow("mask (7) does not go with");
});
