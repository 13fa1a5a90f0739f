import { expect, test } from "bun:test";
import { gradients } from "../../src/gradients.ts";
import { input } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { crossEntropy, crossEntropyAndAccuracy } from "./cross_entropy.ts";

const sizes = [[1, 1], [3, 5], [4, 200], [70, 9]]; // one value, odd, rows longer than a workgroup, many rows
const label = (R: number, V: number): Leaf => ({ shape: [R], values: (r) => (r * 7 + 2) % V, dtype: "u32" });
const soft = (R: number, V: number): Leaf => ({ shape: [R, V], values: (i) => (i * i % 7) / 10, fixed: true });
const weight = (R: number): Leaf => ({ shape: [R], values: (r) => r % 3 === 1 ? 0 : 0.5 + r % 2, fixed: true });
const plain: Leaf[][] = sizes.map(([R, V]) => [[R, V], label(R, V)]);
const weighted: Leaf[][] = sizes.map(([R, V]) => [[R, V], label(R, V), weight(R)]);

checkOp("crossEntropy()", (x, y) => crossEntropy(x, y), plain);
checkOp("crossEntropy() with smoothing", (x, y) => crossEntropy(x, y, { smoothing: 0.1 }), plain);
checkOp("crossEntropy() with weights", (x, y, weights) => crossEntropy(x, y, { weights }), weighted);
checkOp("crossEntropy() as a sum", (x, y, weights) => crossEntropy(x, y, { weights, reduction: "sum" }), weighted);
checkOp("crossEntropy() of soft labels", (x, y) => crossEntropy(x, y), sizes.map(([R, V]) => [[R, V], soft(R, V)]));
checkOp(
  "crossEntropy() of soft labels with weights and smoothing",
  (x, y, weights) => crossEntropy(x, y, { weights, smoothing: 0.2 }),
  sizes.map(([R, V]) => [[R, V], soft(R, V), weight(R)]),
);
checkOp("crossEntropy() of large logits", (x, y) => crossEntropy(x, y), [
  [{ shape: [2, 90], values: (i) => (i % 90 - 45) * 100 }, label(2, 90)],
]);
checkOp("accuracy beside crossEntropy()", (x, y) => crossEntropyAndAccuracy(x, y).accuracy, [
  [{ shape: [40, 4], values: (i) => i * i % 3, fixed: true }, label(40, 4)], // ties
  [{ shape: [5, 130], fixed: true }, { shape: [5], values: () => 17, dtype: "u32" }],
]);

for (const provider of providers) {
  const run = async (values: { logits: number[]; labels: number[]; weights: number[] }) => {
    const R = values.labels.length, weights = input("weights", [R]);
    const logits = input("logits", [R, values.logits.length / R]), labels = input("labels", [R], "u32");
    const { loss, accuracy } = crossEntropyAndAccuracy(logits, labels, { weights });
    const program = await compile(await provider.open(), { loss, accuracy, d: gradients(loss, [logits])[0] });
    program.write(values);
    program.run();
    const got = { loss: await program.readNumber("loss"), accuracy: await program.readNumber("accuracy"), d: await program.read("d") };
    program.destroy();
    return got;
  };

  test(`crossEntropy() does not look at rows of weight 0 on ${provider.name}`, async () => {
    const { loss, accuracy, d } = await run({ logits: [0, 1, NaN, NaN, 2, 2], labels: [1, 4294967196, 0], weights: [1, 0, 1] });
    expect(loss).toBeCloseTo((Math.log(1 + Math.exp(-1)) + Math.log(2)) / 2, 5);
    expect(accuracy).toBe(1); // the tie goes to the first
    expect(d.every(Number.isFinite)).toBe(true);
    expect(Array.from(d.subarray(2, 4))).toEqual([0, 0]);
  });

  test(`crossEntropy() of a batch without weight is 0 on ${provider.name}`, async () => {
    const { loss, accuracy, d } = await run({ logits: [0, 1, 2, 3], labels: [0, 0], weights: [0, 0] });
    expect([loss, accuracy, ...d]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test(`crossEntropy() of a label outside the vocabulary, and of NaN, is NaN on ${provider.name}`, async () => {
    expect((await run({ logits: [0, 1, 2, 3], labels: [0, 2], weights: [1, 1] })).loss).toBeNaN();
    expect((await run({ logits: [0, NaN, 2, 3], labels: [0, 1], weights: [1, 1] })).loss).toBeNaN();
  });

  test(`crossEntropy() takes logits of minus infinity beside the label on ${provider.name}`, async () => {
    const { loss, d } = await run({ logits: [-Infinity, 1, 1], labels: [2], weights: [1] });
    expect(loss).toBeCloseTo(Math.log(2), 5);
    expect(Array.from(d, (v) => Number(v.toFixed(5)))).toEqual([0, 0.5, -0.5]);
  });
}

test("crossEntropy() names logits and labels that do not belong together", () => {
  const logits = input("logits", [4, 9]);
  expect(() => crossEntropy(logits, input("codes", [5], "u32"))).toThrow(
    "crossEntropy: codes (5) u32 does not label logits (4, 9); labels are u32 (4) or f32 (4, 9)",
  );
  expect(() => crossEntropy(logits, input("codes", [4], "u32"), { weights: input("w", [3]) })).toThrow(
    "crossEntropy: w (3) does not weigh the 4 rows of logits (4, 9)",
  );
  expect(() => crossEntropy(logits, input("codes", [4], "u32"), { smoothing: 1 })).toThrow("smoothing is 1; it must be in 0 <= s < 1");
});
