import { expect, test } from "bun:test";
import { input, type Tensor } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { Random, randomSource } from "../random/source.ts";
import { dropPath, dropPathWith } from "./drop_path.ts";
import { dropout } from "./dropout.ts";

const state: Leaf = { shape: [2], dtype: "u32", values: (i) => [7, 3][i] };
checkOp("dropout()", (x, s) => dropout(x, 0.3, new Random(s)), [[[1], state], [[3, 5], state], [[4, 131], state]]);
checkOp("dropPath()", (x, s) => dropPath(x, 0.4, new Random(s)), [[[1, 1], state], [[3, 5], state], [[70, 3, 2], state]]);
checkOp("dropPath() of rows of tokens", (x, s) => dropPath(x, 0.5, new Random(s), 5), [[[15, 4], state]]);
checkOp("dropPath() beside a residual", (x, r, s) => dropPath(x, 0.5, new Random(s), 5, r), [[[15, 4], [15, 4], state], [
  [5, 130],
  [5, 130],
  state,
]]);
checkOp("dropPathWith()", (x, mask) => dropPathWith(x, mask, 0.2), [[[3, 4, 5], { shape: [3], values: (i) => i % 2, fixed: true }]]);

const valuesOf = (make: (x: Tensor, random: Random) => Tensor, shape: number[]) => {
  const x = input("x", shape), random = randomSource();
  return Array.from(interpret([make(x, random)], new Map([[x, Array(x.size).fill(1)], [random.state, [5, 0]]]))[0]);
};

test("dropout() drops the given share and scales the rest", () => {
  const y = valuesOf((x, random) => dropout(x, 0.25, random), [20000]);
  expect(new Set(y)).toEqual(new Set([0, 4 / 3]));
  expect(Math.abs(y.filter((v) => v === 0).length / y.length - 0.25)).toBeLessThan(0.0125); // four standard errors
});

test("dropPath() drops whole samples", () => {
  const y = valuesOf((x, random) => dropPath(x, 0.5, random), [64, 3]);
  for (let b = 0; b < 64; b++) expect(new Set(y.slice(3 * b, 3 * b + 3)).size).toBe(1);
  expect(new Set(y)).toEqual(new Set([0, 2]));
});

test("what is not a number stays so, even in a dropped sample", () => {
  const x = input("x", [2, 2]), mask = input("mask", [2]);
  expect(Array.from(interpret([dropPathWith(x, mask, 0.5)], new Map([[x, [NaN, 1, NaN, 1]], [mask, [0, 1]]]))[0])).toEqual([
    NaN,
    0,
    NaN,
    2,
  ]);
});

test("a rate of 0 is x itself, and other rates than probabilities are refused", () => {
  const x = input("x", [2, 3]), random = randomSource();
  expect(dropout(x, 0, random)).toBe(x);
  expect(dropPath(x, 0, random)).toBe(x);
  expect(dropPath(x, 0, random, 2, input("r", [2, 3])).maker!.op.name).toBe("add");
  expect(() => dropPath(x, 0.1, random, 2, input("r", [3, 2]))).toThrow("dropPath: x (2, 3) is added to r (3, 2)");
  expect(() => dropout(x, 1, random)).toThrow("dropout: the rate is 1; give a probability from 0 to below 1");
  expect(() => dropPath(x, 0.1, random, 4)).toThrow("dropPath: x (2, 3) does not divide into the 4 samples of keep_mask.y (4)");
});
