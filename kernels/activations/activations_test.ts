import { expect, test } from "bun:test";
import { input, type Tensor } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { abs, exp, log, relu, sigmoid, sqrt, square, tanh } from "./activations.ts";

const anywhere: Leaf[][] = [[[1]], [[3, 5]], [[2, 131]]]; // one value, odd, longer than a workgroup
const positive = anywhere.map(([shape]): Leaf[] => [{ shape: shape as number[], values: (i) => 0.2 + (i % 23) / 4 }]);
const awayFromZero = anywhere.map(([shape]): Leaf[] => [{ shape: shape as number[], values: (i) => (i % 2 ? 1 : -1) * (0.1 + i / 90) }]);

checkOp("relu()", relu, awayFromZero);
checkOp("abs()", abs, awayFromZero);
checkOp("tanh()", tanh, anywhere, { tolerance: 1e-6 });
checkOp("tanh() over its whole range", tanh, [[{ shape: [801], values: (i) => (i - 400) / 40 }]], { tolerance: 1e-6 });
checkOp("sigmoid()", sigmoid, anywhere, { tolerance: 1e-6 });
checkOp("exp()", exp, anywhere);
checkOp("square()", square, anywhere);
checkOp("log()", log, positive);
checkOp("sqrt()", sqrt, positive);

const functions: Record<string, (x: Tensor) => Tensor> = { abs, exp, log, relu, sigmoid, sqrt, square, tanh };
for (const provider of providers) {
  test(`tanh() and sigmoid() of huge values are finite on ${provider.name}`, async () => {
    const device = await provider.open(), x = input("x", [4]);
    const values = { x: [-1e30, -200, 200, 1e30] };
    expect(Array.from(await evaluate(device, tanh(x), values))).toEqual([-1, -1, 1, 1]);
    expect(Array.from(await evaluate(device, sigmoid(x), values))).toEqual([0, 0, 1, 1]);
  });

  test(`every function of one value keeps NaN on ${provider.name}`, async () => {
    const device = await provider.open(), x = input("x", [2]);
    for (const [name, make] of Object.entries(functions)) {
      const [first, second] = await evaluate(device, make(x), { x: [NaN, 1] });
      expect(first, name).toBeNaN();
      expect(second, name).not.toBeNaN();
    }
  });
}
