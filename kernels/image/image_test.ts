import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { imageTensor } from "./image.ts";
import { mapPixels, unmapPixels } from "./map_pixels.ts";
import { mixBatch, mixTargets } from "./mix.ts";

const bytes = (shape: number[]): Leaf => ({ shape, dtype: "u8", values: (i) => (i * 37 + 11) % 256 });
const lam = (value: number): Leaf => ({ shape: [1], values: () => value, fixed: true });
const box = (...at: number[]): Leaf => ({ shape: [4], dtype: "u32", values: (i) => at[i] });
const labels = (B: number): Leaf => ({ shape: [B], dtype: "u32", values: (i) => (i * 7) % 5 });

checkOp("imageTensor()", (x) => imageTensor(x, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), [
  [bytes([1, 1, 1, 3])], // three bytes: not a whole number of words
  [bytes([2, 3, 5, 3])],
  [bytes([3, 9, 7, 3])],
]);
checkOp("mapPixels()", mapPixels, [[[1]], [[3, 5]], [[300]]]);
checkOp("unmapPixels()", unmapPixels, [[[1]], [[3, 5]], [[300]]]);
checkOp("mixBatch(), mixup", mixBatch, [
  [[1, 1, 1, 1], lam(0.3), box(0, 0, 0, 0)],
  [[3, 2, 5, 4], lam(0.3), box(0, 0, 0, 0)],
  [[4, 3, 8, 8], lam(0.8), box(2, 2, 1, 5)],
]);
checkOp("mixBatch(), cutmix", mixBatch, [[[3, 2, 5, 4], lam(0.3), box(1, 3, 2, 4)], [[4, 3, 8, 8], lam(0.75), box(2, 6, 1, 5)]]);
checkOp("mixTargets()", (l, share) => mixTargets(l, 5, share, 0.1), [[labels(1), lam(1)], [labels(3), lam(0.3)], [labels(40), lam(0.6)]]);

test("unmapPixels() undoes mapPixels(), and both keep NaN", () => {
  const x = input("x", [4]);
  const [back, mapped] = interpret([unmapPixels(mapPixels(x)), mapPixels(x)], new Map([[x, [0, 0.25, 1, NaN]]]));
  [0, 0.25, 1].forEach((v, i) => expect(back[i]).toBeCloseTo(v, 12));
  expect(back[3]).toBeNaN();
  expect(mapped[3]).toBeNaN();
});

test("mixTargets() of a row add up to one", () => {
  const l = input("labels", [4], "u32"), share = input("lam", [1]);
  const y = interpret([mixTargets(l, 6, share, 0.1)], new Map([[l, [0, 3, 3, 5]], [share, [0.3]]]))[0];
  for (let b = 0; b < 4; b++) expect(Array.from(y.slice(6 * b, 6 * b + 6)).reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 12);
});

test("image ops name what does not fit", () => {
  const x = input("x", [1, 2, 2, 3]), u8 = input("x", [1, 2, 2, 3], "u8");
  expect(() => imageTensor(x)).toThrow("imageTensor: x (1, 2, 2, 3) is not (B, H, W, 3) u8");
  expect(() => imageTensor(u8, [0, 0, 0], [1, 0, 1])).toThrow("imageTensor: std is (1, 0, 1)");
  expect(() => mixBatch(x, input("lam", [2]), input("box", [4], "u32"))).toThrow("mixBatch: the share lam (2) holds 2 values");
  expect(() => mixBatch(x, input("lam", [1]), input("box", [4]))).toThrow("mixBatch: the box box (4) is not (4) u32");
  expect(() => mixTargets(input("labels", [2]), 3, input("lam", [1]))).toThrow("mixTargets: the labels labels (2) are not u32");
});
