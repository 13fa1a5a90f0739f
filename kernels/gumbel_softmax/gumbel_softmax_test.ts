import { expect, test } from "bun:test";
import { gradients } from "../../src/gradients.ts";
import { input } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp, type Leaf, normals } from "../../tests/check_op.ts";
import { Random } from "../random/source.ts";
import { gumbelSoftmax } from "./gumbel_softmax.ts";
import { straightThrough } from "./straight_through.ts";

const tau = (value: number): Leaf => ({ shape: [1], values: () => value, fixed: true });
const state: Leaf = { shape: [2], dtype: "u32", values: (i) => [7, 3][i] };

checkOp("gumbelSoftmax() over axis 1, noise given", (x, t, g) => gumbelSoftmax(x, t, g), [
  [[1, 1, 1, 1], tau(1), [1, 1, 1, 1]],
  [[2, 11, 3, 2], tau(0.5), [2, 11, 3, 2]],
  [[2, 70, 5, 7], tau(2), [2, 70, 5, 7]],
  [[1, 1030, 2], tau(1), [1, 1030, 2]], // more than the lanes of a column take at once
]);
checkOp("gumbelSoftmax() over rows, noise drawn", (x, t, s) => gumbelSoftmax(x, t, new Random(s), { axis: -1 }), [
  [[1, 1], tau(1), state],
  [[3, 5], tau(0.7), state],
  [[3, 1031], tau(1), state],
]);
checkOp("gumbelSoftmax() over axis 1, noise drawn", (x, t, s) => gumbelSoftmax(x, t, new Random(s)), [[[2, 9, 5, 7], tau(1), state]]);
// A step has no differences; its gradient is the identity's, below.
checkOp("straightThrough()", (x) => straightThrough(x, 1), [[[1, 1]], [[2, 11, 3]], [[3, 300]], [[2, 7, 40]]], { differences: null });

test("straightThrough() takes the first of equals and copies a column that holds no number", () => {
  const x = input("x", [2, 3]);
  expect(Array.from(interpret([straightThrough(x)], new Map([[x, [1, 4, 4, NaN, 1, 2]]]))[0])).toEqual([0, 1, 0, NaN, 1, 2]);
});

test("a hard draw is one-hot and has the gradient of the soft one", () => {
  const x = input("x", [2, 5]), t = input("tau", [1]), g = input("g", [2, 5]), dy = input("dy", [2, 5]);
  const values = new Map([[x, normals(10)], [t, [0.5]], [g, normals(10, 1)], [dy, normals(10, 2)]]);
  const soft = gumbelSoftmax(x, t, g), hard = gumbelSoftmax(x, t, g, { hard: true });
  const [y, softly, hardly] = interpret([hard, ...gradients(soft, [x], dy), ...gradients(hard, [x], dy)], values);
  expect(Array.from(y).toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  expect(hardly).toEqual(softly);
});

test("drawn noise picks each class as often as its probability", () => {
  const B = 4000, x = input("x", [B, 3]), t = input("tau", [1]), random = new Random(input("random", [2], "u32"));
  const logits = Array.from({ length: 3 * B }, (_, i) => Math.log([0.5, 0.3, 0.2][i % 3]));
  const y = interpret([gumbelSoftmax(x, t, random, { axis: -1, hard: true })], new Map([[x, logits], [t, [1]], [random.state, [1, 1]]]))[0];
  [0.5, 0.3, 0.2].forEach((p, k) => {
    const share = Array.from({ length: B }, (_, b) => y[3 * b + k]).reduce((a, b) => a + b, 0) / B;
    expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt(p * (1 - p) / B)); // four standard errors
  });
});

test("gumbelSoftmax() names noise and temperatures that do not fit", () => {
  expect(() => gumbelSoftmax(input("x", [2, 3]), input("tau", [1]), input("g", [3, 2]))).toThrow(
    "the noise g (3, 2) does not have the shape of x (2, 3)",
  );
  expect(() => gumbelSoftmax(input("x", [2, 3]), input("tau", [2]), input("g", [2, 3]))).toThrow("the temperature tau (2) holds 2 values");
});
