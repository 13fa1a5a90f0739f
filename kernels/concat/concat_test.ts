import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { checkOp } from "../../tests/check_op.ts";
import { concat } from "./concat.ts";

checkOp("concat() along the first axis", (a, b) => concat([a, b], 0), [[[1], [1]], [[3, 5], [2, 5]], [[70, 3], [1, 3]]]);
checkOp("concat() of three along a middle axis", (a, b, c) => concat([a, b, c], 1), [[[2, 1, 3], [2, 4, 3], [2, 40, 3]]]);
checkOp("concat() of a tensor with itself", (a) => concat([a, a], -1), [[[3, 5]]]);

test("concat() names both tensors that do not fit", () => {
  expect(() => concat([input("a", [2, 3]), input("b", [2, 4])], 0)).toThrow("concat: a (2, 3) and b (2, 4) differ beyond axis 0");
  expect(() => concat([input("a", [2]), input("b", [2], "u32")], 0)).toThrow("concat: a (2) and b (2) u32 differ");
  expect(() => concat([], 0)).toThrow("concat: no tensors were given");
});
