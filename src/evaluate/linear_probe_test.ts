import { expect, test } from "bun:test";
import { providers } from "../../tests/providers.ts";
import { accuracy } from "./knn.ts";
import { lbfgs, type Objective } from "./lbfgs.ts";
import { linearProbe, probeClassify } from "./linear_probe.ts";
import { logisticLoss } from "./logistic_loss.ts";
import { blobs, normals } from "./testing.ts";

test("lbfgs() finds the minimum of a narrow valley", async () => {
  const rosenbrock: Objective = ([x, y]) =>
    Promise.resolve({ value: (1 - x) ** 2 + 100 * (y - x * x) ** 2, gradient: [2 * (x - 1) - 400 * x * (y - x * x), 200 * (y - x * x)] });
  const { at, converged, evaluations } = await lbfgs(rosenbrock, Float64Array.of(-1.2, 1));
  expect(converged).toBe(true);
  expect(at[0]).toBeCloseTo(1, 4);
  expect(at[1]).toBeCloseTo(1, 4);
  expect(evaluations).toBeLessThan(100);
});

test("lbfgs() never goes up, keeps to its budget and stops at a minimum at once", async () => {
  let lowest = Infinity;
  const bowl: Objective = (at) =>
    Promise.resolve({ value: at.reduce((s, x, i) => s + (i + 1) * x * x, 0), gradient: at.map((x, i) => 2 * (i + 1) * x) });
  for (const evaluations of [1, 2, 3, 5, 9]) {
    const found = await lbfgs(bowl, Float64Array.from(normals(20, 1)), { evaluations });
    expect(found.evaluations).toBeLessThanOrEqual(evaluations);
    expect(found.value).toBeLessThanOrEqual(lowest);
    lowest = found.value;
  }
  expect((await lbfgs(bowl, new Float64Array(20))).evaluations).toBe(1);
});

/** Mean cross-entropy and gradient in plain float64. */
function plainLoss({ features: { rows, dim, values }, labels }: ReturnType<typeof blobs>, classes: number): Objective {
  return (at) => {
    const gradient = new Float64Array(at.length);
    let value = 0;
    for (let r = 0; r < rows; r++) {
      const x = [...values.subarray(r * dim, (r + 1) * dim), 1];
      const logits = Array.from({ length: classes }, (_, k) => x.reduce((s, v, c) => s + v * at[k * (dim + 1) + c], 0));
      const top = Math.max(...logits), total = logits.reduce((s, l) => s + Math.exp(l - top), 0);
      value -= (logits[labels[r]] - top - Math.log(total)) / rows;
      logits.forEach((l, k) =>
        x.forEach((v, c) => gradient[k * (dim + 1) + c] += (Math.exp(l - top) / total - Number(k === labels[r])) * v / rows)
      );
    }
    return Promise.resolve({ value, gradient });
  };
}

for (const provider of providers) {
  test(`logisticLoss() on ${provider.name} is the float64 loss and gradient`, async () => {
    const data = blobs(60, 5, 4, 1, 3), at = Float64Array.from(normals(24, 5));
    const loss = await logisticLoss(await provider.open(), data.features, data.labels, 4);
    const found = await loss.evaluate(at), wanted = await plainLoss(data, 4)(at);
    loss.destroy();
    expect(Math.abs(found.value - wanted.value)).toBeLessThan(1e-5);
    for (let i = 0; i < 24; i++) expect(Math.abs(found.gradient[i] - wanted.gradient[i]), `value ${i}`).toBeLessThan(1e-5);
  });

  test(`linearProbe() on ${provider.name} finds overlapping classes about as well as their true centres do, twice the same`, async () => {
    const device = await provider.open(), train = blobs(300, 6, 3, 1.2, 1), validation = blobs(150, 6, 3, 1.2, 2);
    const held = blobs(600, 6, 3, 1.2, 3), best = accuracy(byTrueCentre(held.features.values, 6, 3, 1.2), held.labels);
    const probe = await linearProbe(device, train, validation), again = await linearProbe(device, train, validation);
    expect(best).toBeGreaterThan(0.7);
    expect(best).toBeLessThan(0.97);
    expect(accuracy(probeClassify(probe, held.features), held.labels)).toBeGreaterThan(best - 0.03);
    expect([...again.weights]).toEqual([...probe.weights]);
  });
}

/** The best that any classifier can do on blobs. */
function byTrueCentre(values: Float32Array, dim: number, classes: number, apart: number): number[] {
  const centres = normals(classes * dim, 1000).map((v) => apart * v);
  return Array.from({ length: values.length / dim }, (_, r) => {
    const distances = Array.from({ length: classes }, (_, k) => {
      let sum = 0;
      for (let c = 0; c < dim; c++) sum += (values[r * dim + c] - centres[k * dim + c]) ** 2;
      return sum;
    });
    return distances.indexOf(Math.min(...distances));
  });
}

test("logisticLoss() names a label beyond the classes", async () => {
  const device = await providers.at(-1)!.open(), data = blobs(6, 2, 3, 1, 1);
  await expect(logisticLoss(device, data.features, data.labels, 2)).rejects.toThrow(/label 2 of row 2 is none of 2 classes/);
});
