import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { add, divide, multiply, subtract } from "./arithmetic.ts";

const pairs: Leaf[][] = [
  [[1], [1]],
  [[3, 5], [3, 5]],
  [[2, 3, 5], [5]], // the last axis
  [[2, 3, 5], [1]], // one value
  [[2, 1, 70], [1, 3, 70]], // both sides repeat
  [[4, 1], [1, 130]], // longer than a workgroup
];
checkOp("add()", add, pairs);
checkOp("subtract()", subtract, pairs);
checkOp("multiply()", multiply, pairs);
const awayFromZero = pairs.map(([a, b]): Leaf[] => [a, { shape: b as number[], values: (i) => 1.5 + (i % 7) / 5 }]);
checkOp("divide()", divide, awayFromZero);

test("add() names both tensors when their shapes do not meet", () => {
  expect(() => add(input("x", [2, 3]), input("bias", [4]))).toThrow("add: x (2, 3) and bias (4) do not broadcast, axis -1 has 3 and 4");
});
