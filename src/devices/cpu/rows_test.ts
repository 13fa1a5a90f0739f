import { afterAll, beforeAll, expect, test } from "bun:test";
import { CpuKernels } from "./kernels.ts";
import { farthest, noise, onEveryTeam, put } from "./testing.ts";

let kernels: CpuKernels;
beforeAll(async () => {
  kernels = await CpuKernels.open({ threads: 2 });
});
afterAll(() => kernels.close());

const shapes = [[1, 1], [3, 5], [7, 64], [301, 197], [2, 40001]];

for (const [R, C] of shapes) {
  const x = noise(R * C, 1).map((v) => 9 * v + 3), gamma = noise(C, 2), beta = noise(C, 3), dy = noise(R * C, 4), eps = 1e-6;
  const row = (values: ArrayLike<number>, r: number) => Array.from({ length: C }, (_, c) => values[r * C + c]);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / C;
  const statistics = Array.from({ length: R }, (_, r) => {
    const m = mean(row(x, r));
    return { mean: m, rstd: 1 / Math.sqrt(mean(row(x, r).map((v) => (v - m) ** 2)) + eps) };
  });

  test(`softmax() equals plain loops at (${R}, ${C})`, () => {
    const y = kernels.allocate(4 * R * C);
    kernels.softmax({ x: put(kernels, x), y, R, C });
    const wanted = Array.from({ length: R }, (_, r) => {
      const most = row(x, r).reduce((a, b) => Math.max(a, b)), e = row(x, r).map((v) => Math.exp(v - most));
      const sum = e.reduce((a, b) => a + b);
      return e.map((v) => v / sum);
    }).flat();
    expect(farthest(kernels.f32(y, R * C), wanted)).toBeLessThan(1e-6);
  });

  test(`layerNorm() equals plain loops at (${R}, ${C})`, () => {
    const [y, m, s] = [R * C, R, R].map((size) => kernels.allocate(4 * size));
    kernels.layerNorm({ x: put(kernels, x), gamma: put(kernels, gamma), beta: put(kernels, beta), y, mean: m, rstd: s, R, C, eps });
    const wanted = x.map((v, i) =>
      (v - statistics[Math.floor(i / C)].mean) * statistics[Math.floor(i / C)].rstd * gamma[i % C] + beta[i % C]
    );
    expect(farthest(kernels.f32(y, R * C), wanted)).toBeLessThan(2e-5);
    expect(farthest(kernels.f32(m, R), statistics.map(({ mean }) => mean))).toBeLessThan(1e-5);
    if (C > 1) expect(farthest(kernels.f32(s, R), statistics.map(({ rstd }) => rstd))).toBeLessThan(1e-5);
  });

  test(`layerNormBackward() equals plain loops at (${R}, ${C})`, () => {
    const stored = statistics.map(({ mean, rstd }) => ({ mean: Math.fround(mean), rstd: Math.fround(rstd) }));
    const dx = kernels.allocate(4 * R * C);
    const pointers = { x, gamma, dy, mean: stored.map(({ mean }) => mean), rstd: stored.map(({ rstd }) => rstd) };
    const given = Object.fromEntries(Object.entries(pointers).map(([name, values]) => [name, put(kernels, values)]));
    kernels.layerNormBackward({ ...given as Record<keyof typeof pointers, number>, dx, R, C });
    const wanted = stored.flatMap(({ mean: m, rstd }, r) => {
      const g = row(dy, r).map((v, c) => v * gamma[c]), n = row(x, r).map((v) => (v - m) * rstd);
      const meanG = mean(g), meanGN = mean(g.map((v, c) => v * n[c]));
      return g.map((v, c) => rstd * (v - meanG - n[c] * meanGN));
    });
    expect(farthest(kernels.f32(dx, R * C), wanted)).toBeLessThan(C > 1 ? 1e-5 : 1e-3); // one column: rstd is 1000
  });
}

test("NaN in a row stays in that row", () => {
  const R = 5, C = 11, x = noise(R * C);
  x[2 * C + 10] = NaN;
  const [from, to, ones] = [put(kernels, x), kernels.allocate(4 * R * C), put(kernels, new Float32Array(C).fill(1))];
  const spoilt = () => Array.from({ length: R }, (_, r) => kernels.f32(to + 4 * r * C, C).filter(Number.isNaN).length);
  kernels.softmax({ x: from, y: to, R, C });
  expect(spoilt()).toEqual([0, 0, C, 0, 0]);
  kernels.layerNorm({ x: from, gamma: ones, beta: ones, y: to, R, C, eps: 1e-6 });
  expect(spoilt()).toEqual([0, 0, C, 0, 0]);
});

test("softmax() bears scores of any size", () => {
  const y = kernels.allocate(16);
  kernels.softmax({ x: put(kernels, [1e30, -1e30, 88, -Infinity]), y, R: 1, C: 4 });
  expect([...kernels.f32(y, 4)]).toEqual([1, 0, 0, 0]);
});

test("the exponential behind softmax() is exact to some 2e-7, and 0 rather than denormal", () => {
  const R = 20000, x = Float32Array.from({ length: 2 * R }, (_, i) => i % 2 ? -i / 400 : 0), y = kernels.allocate(8 * R);
  kernels.softmax({ x: put(kernels, x), y, R, C: 2 });
  const result = kernels.f32(y, 2 * R);
  for (let r = 0; r < R; r++) {
    const ratio = result[2 * r + 1] / result[2 * r], wanted = Math.exp(x[2 * r + 1]);
    // 4e-7: each of the two values was rounded once more when it was divided by the sum
    if (x[2 * r + 1] > -87) expect(Math.abs(ratio / wanted - 1)).toBeLessThan(4e-7);
    else if (x[2 * r + 1] < -88) expect(ratio).toBe(0);
  }
});

test("rows have the same bits for any number of threads", async () => {
  const R = 403, C = 131;
  const outcomes = await onEveryTeam((team) => {
    const x = put(team, noise(R * C, 1)), ones = put(team, noise(C, 2)), y = team.allocate(4 * R * C), z = team.allocate(4 * R * C);
    team.softmax({ x, y, R, C });
    team.layerNorm({ x, gamma: ones, beta: ones, y: z, R, C, eps: 1e-5 });
    return [team.f32(y, R * C), team.f32(z, R * C)];
  });
  for (const { name, results } of outcomes.slice(1, 4)) {
    expect(results.map((result, i) => farthest(result, outcomes[0].results[i])), name).toEqual([0, 0]);
  }
});
