import { expect, test } from "bun:test";
import { input, state } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { checkOp, expectClose, type Leaf, normals } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { batchNorm, batchNormWith } from "./batch_norm.ts";
import { runningStatistics } from "./running_statistics.ts";

const variance: Leaf = { shape: [3], values: (i) => 0.5 + i, fixed: true };
const mean: Leaf = { shape: [3], values: (i) => i - 1, fixed: true };
checkOp("batchNorm()", (x, gamma, beta) => batchNorm(x, gamma, beta).y, [
  [[2, 1], [1], [1]],
  [[2, 3, 4, 5], [3], [3]],
  [[3, 2, 17, 9], [2], [2]],
]);
checkOp("batchNormWith()", (x, gamma, beta, mean, variance) => batchNormWith(x, gamma, beta, mean, variance), [
  [[1, 1], [1], [1], { shape: [1], values: () => 0.5, fixed: true }, { shape: [1], values: () => 2, fixed: true }],
  [[2, 3, 5, 7], [3], [3], mean, variance],
]);

for (const { name, open } of providers) {
  test(`running statistics follow the batches, the variance unbiased, on ${name}`, async () => {
    const x = input("x", [2, 3, 5]), gamma = input("gamma", [3]), beta = input("beta", [3]);
    const means = state("means", [3]), variances = state("variances", [3], () => [1, 1, 1]);
    const batch = batchNorm(x, gamma, beta);
    const program = await compile(await open(), { y: batch.y }, { updates: runningStatistics(means, variances, batch) });
    const m = [0, 0, 0], v = [1, 1, 1];
    for (let step = 0; step < 3; step++) {
      const values = normals(30, step);
      program.write({ x: values, gamma: [1, 1, 1], beta: [0, 0, 0] });
      program.run();
      for (let c = 0; c < 3; c++) {
        const channel = values.filter((_, i) => Math.floor(i / 5) % 3 === c), average = channel.reduce((a, b) => a + b) / 10;
        m[c] += 0.1 * (average - m[c]);
        v[c] += 0.1 * (channel.reduce((sum, u) => sum + (u - average) ** 2, 0) / 9 - v[c]);
      }
    }
    expectClose(await program.read("means"), m, 1e-6, "means");
    expectClose(await program.read("variances"), v, 1e-6, "variances");
    program.destroy();
  });
}

test("batchNorm() names both tensors that do not fit", () => {
  const x = input("x", [2, 3, 4]);
  expect(() => batchNorm(x, input("gamma", [4]), input("beta", [3]))).toThrow(
    "batchNorm: gamma (4) has 4 values, x (2, 3, 4) has 3 channels",
  );
  expect(() => batchNorm(input("x", [2]), input("gamma", [4]), input("beta", [3]))).toThrow("batchNorm: x (2) has no axis of channels");
});
