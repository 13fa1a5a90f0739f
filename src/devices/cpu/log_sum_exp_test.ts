import { afterAll, beforeAll, expect, test } from "bun:test";
import { CpuKernels } from "./kernels.ts";
import { farthest, noise, onEveryTeam, put } from "./testing.ts";

let kernels: CpuKernels;
beforeAll(async () => {
  kernels = await CpuKernels.open({ threads: 2 });
});
afterAll(() => kernels.close());

for (const [R, C] of [[1, 1], [3, 5], [7, 64], [301, 197], [2, 40001]]) {
  const x = noise(R * C, 1).map((v) => 9 * v + 30), weights = noise(R, 2).map((v, r) => r % 3 === 1 ? 0 : v), mass = noise(R, 3);
  const row = (r: number) => Array.from(x.subarray(r * C, (r + 1) * C));
  const lse = Array.from({ length: R }, (_, r) => {
    const most = row(r).reduce((a, b) => Math.max(a, b));
    return most + Math.log(row(r).reduce((sum, v) => sum + Math.exp(v - most), 0));
  });

  test(`logSumExp() equals plain loops at (${R}, ${C}) and skips rows of weight 0`, () => {
    const [l, most, sum] = [R, R, R].map((size) => kernels.allocate(4 * size));
    kernels.logSumExp({ x: put(kernels, x), weights: put(kernels, weights), lse: l, most, sum, R, C });
    const seen = (values: number[]) => values.map((v, r) => weights[r] === 0 ? 0 : v);
    expect(farthest(kernels.f32(l, R), seen(lse))).toBeLessThan(1e-5);
    expect(farthest(kernels.f32(most, R), seen(lse.map((_, r) => row(r).reduce((a, b) => Math.max(a, b)))))).toBe(0);
    expect(farthest(kernels.f32(sum, R).map((v) => v / C), seen(lse.map((_, r) => row(r).reduce((a, b) => a + b) / C)))).toBeLessThan(1e-3);
  });

  test(`expRows() equals plain loops at (${R}, ${C})`, () => {
    const y = kernels.allocate(4 * R * C), given = { x: put(kernels, x), lse: put(kernels, lse), mass: put(kernels, mass) };
    kernels.expRows({ ...given, weights: put(kernels, weights), y, R, C, scale: 1.5, shift: -0.25 });
    const wanted = Array.from(x, (v, i) => {
      const r = Math.floor(i / C);
      return 1.5 * weights[r] * (mass[r] * Math.exp(v - Math.fround(lse[r])) - 0.25);
    });
    expect(farthest(kernels.f32(y, R * C), wanted)).toBeLessThan(1e-6);
    kernels.expRows({ x: given.x, y: given.x, R, C, scale: 1e-18 });
    expect(farthest(kernels.f32(given.x, R * C), Array.from(x, (v) => 1e-18 * Math.exp(v)))).toBeLessThan(1e-7);
  });
}

test("NaN and minus infinity stay in their rows", () => {
  const x = put(kernels, [1, NaN, 3, -Infinity, 2, 2, -Infinity, -Infinity, -Infinity]);
  const [lse, most, sum] = [3, 3, 3].map((size) => kernels.allocate(4 * size));
  kernels.logSumExp({ x, lse, most, sum, R: 3, C: 3 });
  expect(farthest(kernels.f32(lse, 3), [NaN, 2 + Math.log(2), NaN])).toBeLessThan(1e-6);
});

test("logSumExp() and expRows() give the same bits for any number of threads", async () => {
  const R = 100, C = 333, x = noise(R * C, 5);
  const outcomes = await onEveryTeam((kernels) => {
    const [lse, most, sum] = [R, R, R].map((size) => kernels.allocate(4 * size)), y = kernels.allocate(4 * R * C), at = put(kernels, x);
    kernels.logSumExp({ x: at, lse, most, sum, R, C });
    kernels.expRows({ x: at, lse, y, R, C });
    return [kernels.f32(lse, R), kernels.f32(y, R * C)];
  });
  for (const build of ["fused", "plain"]) {
    const [first, ...rest] = outcomes.filter(({ name }) => name.startsWith(build));
    for (const { results } of rest) expect(results).toEqual(first.results);
  }
});
