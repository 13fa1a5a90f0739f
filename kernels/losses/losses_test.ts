import { expect, test } from "bun:test";
import { input, type Tensor } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { binaryCrossEntropy, klNormal, l1Loss, l2Loss, logitLaplace, smoothL1Loss } from "./losses.ts";

const shapes = [[1], [3, 5], [3, 70], [3, 2800]]; // one value, odd, longer than a workgroup, longer than a span
const pairs: Leaf[][] = shapes.map((shape) => [shape, shape]);
// Differences of at least 0.05, and none of 1: away from the kinks.
const apart: Leaf[][] = shapes.map((shape) => [
  { shape, values: (i) => (i % 13) / 5 },
  { shape, values: (i) => (i % 13) / 5 + (i % 2 ? 0.05 : -0.05) * (1 + i % 11 * 3) },
]);

checkOp("l1Loss()", (x, y) => l1Loss(x, y), apart);
checkOp("l2Loss()", (x, y) => l2Loss(x, y), pairs);
checkOp("l2Loss() as a sum", (x, y) => l2Loss(x, y, "sum"), pairs.slice(0, 3));
checkOp("smoothL1Loss()", (x, y) => smoothL1Loss(x, y, 0.72), apart);
checkOp("binaryCrossEntropy()", (x, y) => binaryCrossEntropy(x, y), pairs);
checkOp("klNormal()", (x, y) => klNormal(x, y), pairs);
checkOp(
  "logitLaplace()",
  (mu, lnb, x) => logitLaplace(mu, lnb, x),
  shapes.map((shape): Leaf[] => [
    { shape, values: (i) => 3 + i % 5 },
    shape,
    { shape, values: (i) => 0.1 + i % 17 / 20.5 },
  ]),
);

for (const provider of providers) {
  test(`losses add up as they are asked to on ${provider.name}`, async () => {
    const device = await provider.open(), x = input("x", [2, 3]), y = input("y", [2, 3]);
    const value = async (loss: Tensor) => (await evaluate(device, loss, { x: [1, 2, 3, 4, 5, 6], y: [0, 0, 0, 0, 0, 0] }))[0];
    expect(await value(l1Loss(x, y))).toBe(3.5);
    expect(await value(l1Loss(x, y, "sum"))).toBe(21);
    expect(await value(l1Loss(x, y, "batchmean"))).toBe(10.5);
  });

  test(`binaryCrossEntropy() of huge logits is finite, of NaN it is NaN, on ${provider.name}`, async () => {
    const device = await provider.open(), loss = binaryCrossEntropy(input("x", [2]), input("t", [2]), "sum");
    expect((await evaluate(device, loss, { x: [1000, -1000], t: [0, 1] }))[0]).toBe(2000);
    expect((await evaluate(device, loss, { x: [1, NaN], t: [0, 1] }))[0]).toBeNaN();
  });
}

test("losses name both tensors when their shapes differ", () => {
  expect(() => l2Loss(input("x", [2, 3]), input("y", [3, 2]))).toThrow("l2_loss: x (2, 3) and y (3, 2) do not have the same shape");
  expect(() => smoothL1Loss(input("x", [2]), input("y", [2]), 0)).toThrow("smoothL1Loss: beta is 0; it must be above 0");
});
