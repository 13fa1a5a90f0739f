import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp } from "../../tests/check_op.ts";
import { permute } from "./permute.ts";
import { fold, unfold } from "./unfold.ts";

checkOp("permute() of two axes", (x) => permute(x, [1, 0]), [[[1, 1]], [[3, 5]], [[70, 67]]]);
checkOp("permute() of three axes", (x) => permute(x, [1, 2, 0]), [[[2, 3, 5]]]);
checkOp("permute() of long runs, and of a transpose beyond one block", (x) => permute(permute(x, [1, 0, 2]), [0, 2, 1]), [[[3, 40, 50]], [[
  20,
  2,
  33,
]]]);
checkOp("permute() that splits heads", (x) => permute(x, [2, 0, 3, 1, 4]), [[[2, 5, 3, 2, 7]]]);
checkOp("permute() of u32", (x) => permute(x, [1, 0]), [[{ shape: [3, 5], dtype: "u32", values: (i) => 4294967295 - i }]]);
checkOp("unfold()", (x) => unfold(x, 2), [[[1, 1, 2, 2]], [[2, 3, 4, 6]], [[1, 3, 16, 8]]]);
checkOp("fold()", (x) => fold(x, [2, 3, 4, 6], 2), [[[12, 12]]]);

test("permute() to the same order of values is a view", () => {
  const x = input("x", [1, 3, 5]);
  expect(permute(x, [1, 0, 2]).view?.of).toBe(x);
});

test("fold() undoes unfold()", () => {
  const x = input("x", [2, 3, 4, 6]), values = Array.from({ length: x.size }, (_, i) => i);
  expect(Array.from(interpret([fold(unfold(x, 2), [2, 3, 4, 6], 2)], new Map([[x, values]]))[0])).toEqual(values);
});

test("permute() and unfold() name a tensor that does not fit", () => {
  expect(() => permute(input("x", [2, 3]), [0, 0])).toThrow(
    "permute: (0, 0) is no order of the axes of x (2, 3); name each of 0 to 1 once",
  );
  expect(() => permute(input("x", [2, 3], "u8"), [1, 0])).toThrow("x (2, 3) u8 holds bytes");
  expect(() => unfold(input("x", [1, 3, 5, 4]), 2)).toThrow("unfold: x (1, 3, 5, 4) is not (B, C, H, W)");
});
