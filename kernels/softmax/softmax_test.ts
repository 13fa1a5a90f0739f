import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { logSoftmax, softmax } from "./softmax.ts";

const rows: Leaf[][] = [[[1]], [[3, 5]], [[4, 200]], [[70, 33]]]; // one value, short rows, rows longer than a workgroup, many
checkOp("softmax()", (x) => softmax(x), rows);
checkOp("logSoftmax()", (x) => logSoftmax(x), rows);
checkOp("softmax() along axis 1", (x) => softmax(x, 1), [[[2, 1, 3]], [[2, 11, 3, 2]], [[3, 70, 67]]]);
checkOp("logSoftmax() along axis 1", (x) => logSoftmax(x, 1), [[[2, 1, 3]], [[2, 11, 3, 2]], [[3, 70, 67]]]);
const large: Leaf[][] = [[{ shape: [2, 6], values: (i) => (i - 6) * 300 }], [{ shape: [2, 100], values: (i) => (i % 100 - 50) * 1e30 }]];
checkOp("softmax() of large values", (x) => softmax(x), large, { differences: null, f16: null }); // 1e30 is beyond f16

for (const provider of providers) {
  test(`softmax() spreads NaN over its own row only on ${provider.name}`, async () => {
    for (const S of [3, 80]) {
      const x = input("x", [2, S]);
      const y = await evaluate(await provider.open(), softmax(x), { x: Array.from({ length: 2 * S }, (_, i) => i ? 1 : NaN) });
      expect(y.subarray(0, S).every(Number.isNaN)).toBe(true);
      for (const v of y.subarray(S)) expect(v).toBeCloseTo(1 / S, 6);
    }
  });
}

test("softmax() names the tensor and its axes when the axis does not exist", () => {
  expect(() => softmax(input("x", [2, 3]), 2)).toThrow("softmax: x (2, 3) has no axis 2; its axes are 0 to 1");
});
