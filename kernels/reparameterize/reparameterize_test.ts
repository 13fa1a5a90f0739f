import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { Random } from "../random/source.ts";
import { reparameterize } from "./reparameterize.ts";

const state: Leaf = { shape: [2], dtype: "u32", values: (i) => [7, 3][i] };
const fixed = (shape: number[]): Leaf => ({ shape, values: (i) => Math.sin(3 * i), fixed: true });
checkOp("reparameterize() with given noise", (mu, logvar, eps) => reparameterize(mu, logvar, eps), [
  [[1], [1], fixed([1])],
  [[3, 5], [3, 5], fixed([3, 5])],
  [[7, 50], [7, 50], fixed([7, 50])],
]);
checkOp("reparameterize() with drawn noise", (mu, logvar, s) => reparameterize(mu, logvar, new Random(s)), [
  [[1], [1], state],
  [[3, 5], [3, 5], state],
  [[7, 50], [7, 50], state],
]);

test("reparameterize() names the tensor that does not fit", () => {
  expect(() => reparameterize(input("mu", [2, 3]), input("logvar", [3]), input("eps", [2, 3]))).toThrow(
    "reparameterize: logvar (3) does not have the shape of mu (2, 3)",
  );
});
