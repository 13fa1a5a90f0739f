import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { eraseBoxes } from "./erase.ts";

const plain = (shape: number[], from: number): Leaf => ({ shape, fixed: true, values: (i) => from + i });
const boxes = (...at: number[]): Leaf => ({ shape: [at.length / 4, 4], dtype: "u32", values: (i) => at[i] });
checkOp("eraseBoxes()", eraseBoxes, [
  [plain([1, 1, 1, 1], 1), plain([1, 1, 1, 1], -9), boxes(0, 0, 1, 1)],
  [plain([2, 3, 5, 4], 1), plain([2, 3, 5, 4], -900), boxes(1, 2, 3, 2, 0, 0, 0, 0)],
  [plain([3, 1, 9, 9], 1), plain([3, 1, 9, 9], -900), boxes(8, 8, 1, 1, 0, 4, 9, 2, 3, 0, 2, 9)],
]);

test("eraseBoxes() names what does not fit", () => {
  const x = input("x", [2, 3, 4, 4]), noise = input("noise", [2, 3, 4, 4]);
  expect(() => eraseBoxes(x, noise, input("boxes", [2, 4]))).toThrow("eraseBoxes: boxes (2, 4) is not (2, 4) u32");
  expect(() => eraseBoxes(x, input("noise", [2, 3]), input("boxes", [2, 4], "u32"))).toThrow("are not both (B, C, H, W)");
});
