import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { checkOp } from "../../tests/check_op.ts";
import { pad, slice } from "./slice.ts";

checkOp("slice() of the first axis", (x) => slice(x, 0, 1), [[[2]], [[3, 5]], [[90, 3]]]);
checkOp("slice() of a middle axis", (x) => slice(x, 1, 1, -1), [[[2, 5, 3]], [[3, 40, 7]]]);
checkOp("slice() of the last axis", (x) => slice(x, -1, -2), [[[3, 5]], [[40, 7]]]);
checkOp("slice() of u32", (x) => slice(x, 0, 1), [[{ shape: [3, 5], dtype: "u32", values: (i) => 4294967295 - i }]]);
checkOp("pad()", (x) => pad(x, 1, 2, 1), [[[1, 1]], [[3, 5]], [[2, 40, 3]]]);

test("slice() of everything is x itself", () => {
  const x = input("x", [3, 5]);
  expect(slice(x, 0, 0, 3)).toBe(x);
});

test("slice() and pad() name the tensor and the range that does not fit", () => {
  expect(() => slice(input("x", [3, 5]), 1, 4, 6)).toThrow("slice: 4 to 6 is no range of axis 1 of x (3, 5); it has 5 places");
  expect(() => slice(input("x", [3, 5]), 2, 0, 1)).toThrow("slice: x (3, 5) has no axis 2; its axes are 0 to 1");
  expect(() => pad(input("x", [3]), 0, -1, 0)).toThrow("pad: -1 before and 0 after x (3)");
});
