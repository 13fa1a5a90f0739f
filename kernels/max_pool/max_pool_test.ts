import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { maxPool } from "./max_pool.ts";

const equals: Leaf = { shape: [1, 2, 4, 6], values: (i) => i % 3 };
const withNan: Leaf = { shape: [1, 1, 4, 4], values: (i) => i === 5 ? NaN : i };
checkOp("maxPool()", (x) => maxPool(x), [[[1, 1, 2, 2]], [[2, 3, 5, 7]], [[2, 3, 20, 6]]]);
// At equal values the difference quotient has no limit; a NaN has no difference.
checkOp("maxPool() of equal values and of NaN", (x) => maxPool(x), [[equals], [withNan]], { differences: null });

test("maxPool() keeps NaN", () => {
  const x = input("x", [1, 1, 2, 4]);
  expect(Array.from(interpret([maxPool(x)], new Map([[x, [1, NaN, 3, 4, 9, 2, 5, 1]]]))[0])).toEqual([NaN, 5]);
});

test("maxPool() names a tensor that holds no window", () => {
  expect(() => maxPool(input("x", [1, 1, 1, 4]))).toThrow("maxPool: x (1, 1, 1, 4) is not (B, C, H, W)");
});
