import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { globalNorm } from "./global_norm.ts";

const fixed = (size: number): Leaf => ({ shape: [size], values: (i) => Math.sin(i + size), fixed: true });
checkOp("globalNorm() of one tensor", (a) => globalNorm([a]).norm, [[fixed(1)], [fixed(77)], [fixed(5000)]]);
checkOp("globalNorm() of three tensors", (a, b, c) => globalNorm([a, b, c]).norm, [[fixed(3), fixed(2100), fixed(64)]]);
checkOp("globalNorm(), the factor that clips", (a, b) => globalNorm([a, b], 0.5).coefficient, [[fixed(3), fixed(2100)]]);

test("globalNorm() clips what is longer and leaves what is shorter", () => {
  const x = input("x", [2]), values = new Map([[x, [3, 4]]]);
  const [norm, clipped, kept, never] = interpret(
    [globalNorm([x]).norm, globalNorm([x], 1).coefficient, globalNorm([x], 6).coefficient, globalNorm([x]).coefficient],
    values,
  );
  expect([norm[0], kept[0], never[0]]).toEqual([5, 1, 1]);
  expect(clipped[0]).toBeCloseTo(0.2, 6);
});
