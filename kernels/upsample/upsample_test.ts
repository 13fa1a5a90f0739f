import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { checkOp } from "../../tests/check_op.ts";
import { upsample } from "./upsample.ts";

checkOp("upsample() by 2", (x) => upsample(x), [[[1, 1, 1, 1]], [[2, 3, 3, 5]], [[1, 3, 9, 7]]]);
checkOp("upsample() by 3", (x) => upsample(x, 3), [[[1, 2, 3, 2]]]);

test("upsample() names a tensor that is no picture", () => {
  expect(() => upsample(input("x", [3, 4]))).toThrow("upsample: x (3, 4) by 2 is not (B, C, H, W) by a positive integer");
});
