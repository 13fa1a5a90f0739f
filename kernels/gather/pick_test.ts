import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { pick } from "./pick.ts";

const whole = (shape: number[], values: (i: number) => number): Leaf => ({ shape, values, dtype: "u32" });
checkOp("pick()", pick, [
  [whole([1], () => 7), whole([1], () => 0)],
  [whole([2, 5], (i) => 3 * i), whole([3], (i) => 4 * i)],
  [whole([90], (i) => i * i), whole([5, 40], (i) => i * 7 % 90)],
  [whole([4], (i) => i), whole([3], (i) => 2 * i)], // one place beyond the list
]);

test("pick() refuses numbers that are not whole", () => {
  expect(() => pick(input("ids", [3]), input("places", [2], "u32"))).toThrow("pick: ids (3) is f32; ids and places must be u32");
  expect(() => pick(input("ids", [3], "u32"), input("places", [2]))).toThrow("pick: places (2) is f32");
});

test("pick() marks a place beyond the list", () => {
  const ids = input("ids", [2], "u32"), places = input("places", [2], "u32");
  expect([...interpret([pick(ids, places)], new Map([[ids, [5, 6]], [places, [1, 2]]]))[0]]).toEqual([6, 4294967295]);
});
