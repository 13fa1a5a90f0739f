import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { checkOp } from "../../tests/check_op.ts";
import { qkvBias } from "./qkv_bias.ts";

checkOp("qkvBias()", (q, v) => qkvBias(q, v), [[[1], [1]], [[5], [5]], [[200], [200]]]);

test("qkvBias() refuses biases of two sizes by name", () => {
  expect(() => qkvBias(input("q", [4]), input("v", [5]))).toThrow("qkvBias: q (4) and v (5) do not belong together");
});
