import { expect, test } from "bun:test";
import { add, layerNorm, linear, multiply, sum } from "../kernels/mod.ts";
import { gradients } from "./gradients.ts";
import { input, makers, reshape, state, storage, type Tensor } from "./graph.ts";
import { interpret } from "./interpret.ts";

test("gradients() adds up over every path to a tensor, views included", () => {
  const x = state("x", [2, 2], () => [1, 2, 3, 4]);
  const y = sum(add(multiply(x, x), reshape(reshape(x, [4]), [2, 2])));
  const [dx] = interpret(gradients(y, [x]));
  expect([...dx]).toEqual([3, 5, 7, 9]); // 2 x + 1
});

test("gradients() refuses a loss of several values and a tensor that does not matter", () => {
  const x = input("x", [2]), other = input("other", [2]);
  expect(() => gradients(multiply(x, x), [x])).toThrow("holds 2 values; reduce it to one");
  expect(() => gradients(sum(x), [other])).toThrow("does not depend on other (2)");
});

test("gradients() with recomputation gives the same values from a second forward pass of each block", () => {
  const x = state("x", [3], () => [0.5, -1, 2]), w = state("w", [3], () => [1.5, 0.25, -0.5]);
  const block = (t: Tensor) => multiply(multiply(t, w), multiply(t, t));
  const a = block(x), b = block(a), loss = sum(block(b));
  const stored = interpret(gradients(loss, [w, x]));
  const repeated = gradients(loss, [w, x], undefined, [a, b]);
  expect(interpret(repeated).map((v) => [...v])).toEqual(stored.map((v) => [...v]));
  // Only block inputs of the first forward pass may be read by backward.
  const forward = new Set(makers([loss]));
  const kept = new Set<Tensor>([a, b, x, w, loss]);
  for (const node of makers(repeated)) {
    if (forward.has(node)) continue;
    for (const t of Object.values(node.inputs)) if (t.maker && forward.has(t.maker)) expect(kept.has(t)).toBe(true);
  }
});

test("gradients() makes the outputs of cheap ops again, so that none of them is kept for backward", () => {
  const x = state("x", [2, 3], () => [0.5, -1, 2, 3, 1, 0.25]), w = state("w", [4, 3], () => Array.from({ length: 12 }, (_, i) => i - 5));
  const ones = state("gamma", [3], () => [1, 2, 3]), zeros = state("beta", [3]);
  const y = linear(layerNorm(x, ones, zeros), w), loss = sum(multiply(y, y));
  const made = gradients(loss, [x, ones, w]), forward = new Set(makers([loss]));
  const norms = makers(made).filter(({ op }) => op.name === "layer_norm");
  expect(norms.map((node) => forward.has(node))).toEqual([true, false]);
  const first = norms[0];
  for (const node of makers(made)) {
    if (!forward.has(node)) expect(Object.values(node.inputs).some((t) => storage(t).root.maker === first)).toBe(false);
  }
});

test("gradients() leaves a sum to the op that can add it, in the order of the paths", () => {
  const x = state("x", [2, 3], () => [0.5, -1, 2, 3, 1, 0.25]), ones = state("gamma", [3], () => [1, 2, 3]), zeros = state("beta", [3]);
  const w = state("w", [3, 3], () => [1, 2, 0, -1, 1, 0.5, 3, 0, 1]), weights = state("weights", [2, 3], () => [1, 2, 3, 4, 5, 6]);
  const block = (t: Tensor) => linear(layerNorm(t, ones, zeros), w, { residual: t });
  const plain = (t: Tensor) => add(linear(layerNorm(multiply(t, state("one", [1], () => [1])), ones, zeros), w), t);
  const [fused] = gradients(sum(multiply(block(block(x)), weights)), [x]);
  const [apart] = gradients(sum(multiply(plain(plain(x)), weights)), [x]);
  expect(makers([fused]).map(({ op }) => op.name)).not.toContain("add");
  const [a, b] = interpret([fused, apart]);
  a.forEach((v, i) => expect(v).toBeCloseTo(b[i], 10));
});
