import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp } from "../../tests/check_op.ts";
import { adaptiveAvgPool, resize } from "./resize.ts";

for (const mode of ["bilinear", "bicubic"] as const) {
  checkOp(`resize() up, ${mode}`, (x) => resize(x, [9, 7], mode), [[[1, 1, 1, 1]], [[2, 2, 5, 4]]]);
  checkOp(`resize() down, ${mode}`, (x) => resize(x, [3, 4], mode), [[[2, 3, 7, 11]]]);
}
checkOp("adaptiveAvgPool()", (x) => adaptiveAvgPool(x, [3, 2]), [[[1, 1, 1, 1]], [[2, 2, 7, 8]]]);

const valuesOf = (make: (x: ReturnType<typeof input>) => ReturnType<typeof resize>, shape: number[], values: number[]) => {
  const x = input("x", shape);
  return Array.from(interpret([make(x)], new Map([[x, values]]))[0]);
};

test("resize() gives the values worked out by hand", () => {
  expect(valuesOf((x) => resize(x, [1, 4], "bilinear"), [1, 1, 1, 2], [0, 4])).toEqual([0, 1, 3, 4]);
  // Halfway between pixels the weights are -3, 19, 19, -3 of 32; beyond the end the last pixel counts again.
  expect(valuesOf((x) => resize(x, [1, 2], "bicubic"), [1, 1, 1, 4], [0, 1, 2, 3])).toEqual([0.40625, 2.59375]);
});

test("adaptiveAvgPool() to 1 x 1 is the mean, and resize() to the same size is x itself", () => {
  expect(valuesOf((x) => adaptiveAvgPool(x, [1, 1]), [1, 1, 2, 2], [1, 2, 3, 6])).toEqual([3]);
  const x = input("x", [1, 1, 3, 4]);
  expect(resize(x, [3, 4], "bicubic")).toBe(x);
});

test("resize() names a tensor or a size that does not fit", () => {
  expect(() => resize(input("x", [3, 4]), [3, 4], "bilinear")).toThrow("resize: x (3, 4) to (3, 4) is not (B, C, H, W)");
  expect(() => adaptiveAvgPool(input("x", [1, 1, 3, 4]), [0, 2])).toThrow("adaptiveAvgPool: x (1, 1, 3, 4) to (0, 2)");
});
