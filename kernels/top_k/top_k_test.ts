import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { compile, evaluate } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { argmax, topK } from "./top_k.ts";

const fixed = (shape: number[], values?: (i: number) => number): Leaf[] => [{ shape, values, fixed: true }];
const ties = (shape: number[]) => fixed(shape, (i) => i * i % 5);
checkOp("topK() places", (x) => topK(x, 1).indices, [fixed([1]), ties([3, 5]), fixed([4, 200])]);
checkOp("topK() places of the three largest", (x) => topK(x, 3).indices, [fixed([3, 5]), ties([3, 7]), ties([4, 200]), ties([70, 40])]);
checkOp("topK() values", (x) => topK(x, 3).values, [fixed([3, 5]), fixed([4, 200])]);
checkOp("argmax() along axis 1", (x) => argmax(x, 1), [fixed([2, 1, 3]), ties([2, 11, 3, 2]), fixed([2, 70, 67])]);

for (const provider of providers) {
  for (const S of [4, 80]) {
    test(`topK() passes over NaN and takes minus infinity, ${S} values, on ${provider.name}`, async () => {
      const { values, indices } = topK(input("x", [2, S]), 3);
      const program = await compile(await provider.open(), { values, indices });
      const x = new Array(2 * S).fill(NaN);
      x[1] = -Infinity;
      x[3] = 2;
      program.write({ x });
      program.run();
      expect(Array.from(await program.read("indices"))).toEqual([3, 1, S, S, S, S]);
      expect(Array.from(await program.read("values"))).toEqual([2, -Infinity, NaN, NaN, NaN, NaN]);
      program.destroy();
    });
  }

  test(`argmax() of a vector is one place on ${provider.name}`, async () => {
    expect(Array.from(await evaluate(await provider.open(), argmax(input("x", [3])), { x: [1, 5, 2] }))).toEqual([1]);
  });
}

test("topK() names the tensor when it has too few values", () => {
  expect(() => topK(input("x", [2, 3]), 4)).toThrow("topK: x (2, 3) has 3 values along axis -1, 4 are wanted; ask for 1 to 3");
});
