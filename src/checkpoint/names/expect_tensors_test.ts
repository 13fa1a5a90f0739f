import { expect, test } from "bun:test";
import { CheckpointError } from "../../errors.ts";
import { expectTensors } from "./expect_tensors.ts";
import { asStored } from "./in_memory.ts";

const stored = (...names: string[]) => asStored(Object.fromEntries(names.map((name) => [name, { shape: [2], data: new Float32Array(2) }])));

test("expectTensors() is content with what the model needs", () => {
  expectTensors(stored("a", "b"), { shapes: { a: [2], b: [2] } }, "x");
  expectTensors(stored("a", "old.b"), { shapes: { a: [2], "head.b": [2] }, mayMiss: /^head\./, mayRemain: /^old\./ }, "x");
});

test("expectTensors() takes no name of JavaScript's own objects for one of the model", () => {
  expect(() => expectTensors(stored("a", "toString"), { shapes: { a: [2] } }, "x")).toThrow("1 unexpected (toString)");
});

test("expectTensors() counts and names what is missing, unexpected and misshapen, three of each", () => {
  const check = () =>
    expectTensors(stored("a", "c", "d", "e", "f"), { shapes: { a: [3, 1], "head.weight": [2], "head.bias": [2] } }, "b.safetensors");
  expect(check).toThrow(CheckpointError);
  expect(check).toThrow(
    "b.safetensors: 2 missing (head.weight, head.bias), 4 unexpected (c, d, e, ...), 1 misshapen (a (2), expected (3, 1)); give the weights",
  );
});
