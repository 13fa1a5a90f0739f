import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { checkOp } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { convTranspose2d } from "./conv_transpose2d.ts";

const kernels = [
  { k: 1, stride: 1, padding: 0, x: [1, 1, 1, 1] },
  { k: 2, stride: 2, padding: 0, x: [2, 3, 5, 3] },
  { k: 4, stride: 2, padding: 1, x: [2, 3, 3, 5] },
  { k: 4, stride: 2, padding: 0, x: [1, 2, 4, 3] },
  { k: 3, stride: 2, padding: 1, x: [1, 2, 4, 3] },
  { k: 2, stride: 3, padding: 0, x: [1, 2, 3, 4] }, // leaves values that only the bias reaches
];
for (const { k, stride, padding, x } of kernels) {
  checkOp(
    `convTranspose2d() ${k}x${k}, stride ${stride}, padding ${padding}`,
    (x, w, bias) => convTranspose2d(x, w, { bias, stride, padding }),
    [[x, [x[1], 3, k, k], [3]]],
  );
}
checkOp("convTranspose2d() without bias", (x, w) => convTranspose2d(x, w, { stride: 2, padding: 1 }), [[[1, 17, 8, 9], [17, 5, 4, 4]]]);

for (const provider of providers) {
  test(`each value of x is laid out as a scaled kernel on ${provider.name}`, async () => {
    const y = convTranspose2d(input("x", [1, 1, 1, 2]), input("w", [1, 1, 2, 2]), { stride: 2 });
    const values = await evaluate(await provider.open(), y, { x: [1, 10], w: [1, 2, 3, 4] });
    expect(Array.from(values)).toEqual([1, 2, 10, 20, 3, 4, 30, 40]);
  });
}

test("convTranspose2d() names both tensors when their shapes do not fit", () => {
  const x = input("x", [2, 3, 8, 8]);
  expect(() => convTranspose2d(x, input("w", [5, 3, 2, 2]))).toThrow(
    "convTranspose2d: channels differ, x (2, 3, 8, 8) and w (5, 3, 2, 2); w must have 3 along its first axis",
  );
  expect(() => convTranspose2d(input("p", [1, 3, 1, 1]), input("w", [3, 5, 2, 2]), { padding: 1 })).toThrow(/a picture of 0 x 0/);
  expect(() => convTranspose2d(x, input("w", [3, 5, 2, 2]), { bias: input("b", [3]) })).toThrow(/b \(3\) has 3 values/);
});
