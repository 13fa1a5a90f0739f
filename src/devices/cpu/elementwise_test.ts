import { afterAll, beforeAll, expect, test } from "bun:test";
import { ShapeError } from "../../errors.ts";
import { CpuKernels } from "./kernels.ts";
import { farthest, gelu, noise, onEveryTeam, put } from "./testing.ts";

let kernels: CpuKernels;
beforeAll(async () => {
  kernels = await CpuKernels.open({ threads: 2 });
});
afterAll(() => kernels.close());

const slope = (x: number) => gelu(x) / x + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
const operations = {
  sum: (a: number, b: number) => 0.5 * a - 2 * b,
  product: (a: number, b: number) => 0.5 * a * b,
  gelu: (a: number) => gelu(a),
  geluBackward: (a: number, b: number) => slope(a) * b,
  relu: (a: number) => Math.max(a, 0),
  reluBackward: (a: number, b: number) => a > 0 ? b : 0,
};

for (const [name, f] of Object.entries(operations)) {
  for (const [R, C] of [[1, 1], [3, 7], [5, 8192], [1, 33333]]) {
    for (const broadcast of [false, true]) {
      test(`elementwise() ${name} equals plain loops at (${R}, ${C})${broadcast ? ", one row for all" : ""}`, () => {
        const a = noise(R * C, 1).map((v) => 6 * v), b = noise(broadcast ? C : R * C, 2), y = kernels.allocate(4 * R * C);
        const operation = name as keyof typeof operations;
        kernels.elementwise({ operation, a: put(kernels, a), b: put(kernels, b), y, R, C, broadcast, alpha: 0.5, beta: -2 });
        expect(farthest(kernels.f32(y, R * C), a.map((v, i) => f(v, b[broadcast ? i % C : i])))).toBeLessThan(2e-6);
      });
    }
  }
}

test("gelu is exact to 1e-6, in the tails too, and to some digits where it is tiny", () => {
  const x = Float32Array.from({ length: 40001 }, (_, i) => i / 1000 - 20), y = kernels.allocate(4 * x.length);
  kernels.elementwise({ operation: "gelu", a: put(kernels, x), y, C: x.length });
  const result = kernels.f32(y, x.length);
  // erf itself: 2 gelu / x - 1
  const errors = Array.from(x, (v, i) => Math.abs(v) < 0.01 ? 0 : Math.abs(2 * (result[i] - gelu(v)) / v));
  expect(errors.reduce((a, b) => Math.max(a, b))).toBeLessThan(1e-6);
  expect(result[0]).toBe(-0);
  // 8 deviations out: -8 times the tail 6.220960574271785e-16
  expect(result[12000] / (-8 * 6.220960574271785e-16)).toBeCloseTo(1, 4);
});

test("elementwise() carries NaN, and bears infinity", () => {
  const a = put(kernels, [NaN, Infinity, -Infinity, 1]), b = put(kernels, [1, 1, 1, NaN]), y = kernels.allocate(16);
  const run = (operation: keyof typeof operations) => {
    kernels.elementwise({ operation, a, b, y, C: 4 });
    return [...kernels.f32(y, 4)].map((v) => v === 0 ? 0 : v);
  };
  expect(run("sum")).toEqual([NaN, Infinity, -Infinity, NaN]);
  expect(run("gelu").slice(0, 3)).toEqual([NaN, Infinity, 0]);
  expect(run("geluBackward")).toEqual([NaN, 1, 0, NaN]);
  expect(run("relu").slice(0, 3)).toEqual([NaN, Infinity, 0]);
  expect(run("reluBackward")).toEqual([NaN, 1, 0, NaN]);
});

for (const [R, C] of [[1, 1], [3, 5], [1000, 77], [65, 1030]]) {
  test(`columnSum() equals plain loops at (${R}, ${C})`, () => {
    const x = noise(R * C, 1), by = noise(R * C, 2), mean = noise(R, 3), rstd = noise(R, 4), before = noise(C, 5);
    const pointers = { x: put(kernels, x), by: put(kernels, by), mean: put(kernels, mean), rstd: put(kernels, rstd) };
    const columns = (f: (i: number, r: number) => number) =>
      Array.from({ length: C }, (_, c) => Array.from({ length: R }, (_, r) => f(r * C + c, r)).reduce((a, b) => a + b));
    const y = put(kernels, before);
    kernels.columnSum({ x: pointers.x, y, R, C, accumulate: true });
    expect(farthest(kernels.f32(y, C), columns((i) => x[i]).map((v, c) => v + before[c]))).toBeLessThan(2e-5);
    kernels.columnSum({ x: pointers.x, by: pointers.by, y, R, C });
    expect(farthest(kernels.f32(y, C), columns((i) => x[i] * by[i]))).toBeLessThan(2e-5);
    kernels.columnSum({ ...pointers, y, R, C });
    expect(farthest(kernels.f32(y, C), columns((i, r) => x[i] * (by[i] - mean[r]) * rstd[r]))).toBeLessThan(2e-5);
  });
}

test("squareSum() sums in double precision", () => {
  for (const length of [1, 7, 100003]) {
    const x = noise(length), wanted = x.reduce((sum, v) => sum + v * v, 0);
    expect(Math.abs(kernels.squareSum(put(kernels, x), length) / wanted - 1)).toBeLessThan(1e-12);
  }
  expect(kernels.squareSum(put(kernels, [1, NaN, 2]), 3)).toBeNaN();
});

test("adamw() equals plain loops, with a rate and a decay for each block", () => {
  const length = 64 * 301, options = { lr: 2e-3, decay: 0.7, beta1: 0.9, beta2: 0.98, eps: 1e-8, gradientScale: 0.5 };
  const p = noise(length, 1), m = new Float32Array(length), v = new Float32Array(length), table = noise(length / 32, 2).map(Math.abs);
  const pointers = { p: put(kernels, p), m: put(kernels, m), v: put(kernels, v), table: put(kernels, table) };
  const wanted = { p: Float64Array.from(p), m: Float64Array.from(m), v: Float64Array.from(v) };
  for (let t = 1; t <= 5; t++) {
    const g = noise(length, 10 + t), { lr, decay, beta1, beta2, eps, gradientScale } = options;
    const corrections = { correction1: 1 - beta1 ** t, correction2: 1 - beta2 ** t };
    kernels.adamw({ ...pointers, g: put(kernels, g), length, ...options, ...corrections });
    for (let i = 0; i < length; i++) {
      const gradient = gradientScale * g[i], rate = lr * table[i >> 6 << 1], factor = table[(i >> 6 << 1) + 1];
      wanted.m[i] = beta1 * wanted.m[i] + (1 - beta1) * gradient;
      wanted.v[i] = beta2 * wanted.v[i] + (1 - beta2) * gradient ** 2;
      const update = wanted.m[i] / corrections.correction1 / (Math.sqrt(wanted.v[i] / corrections.correction2) + eps);
      wanted.p[i] += -rate * decay * factor * wanted.p[i] - rate * update;
    }
  }
  for (const name of ["p", "m", "v"] as const) expect(farthest(kernels.f32(pointers[name], length), wanted[name]), name).toBeLessThan(5e-7);
  expect(() => kernels.adamw({ ...pointers, g: 64, length: 65, ...options, correction1: 1, correction2: 1 })).toThrow(ShapeError);
});

test("sums and AdamW have the same bits for any number of threads", async () => {
  const R = 640, C = 128, length = R * C;
  const outcomes = await onEveryTeam((team) => {
    const [p, m, v, g] = [1, 2, 3, 4].map((seed) => put(team, noise(length, seed).map(Math.abs)));
    const table = put(team, new Float32Array(length / 32).fill(0.5)), y = team.allocate(4 * C);
    team.columnSum({ x: g, y, R, C });
    team.adamw({ p, m, v, g, table, length, lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, correction1: 0.1, correction2: 0.1 });
    return [team.f32(p, length), team.f32(y, C), Float32Array.of(team.squareSum(g, length))];
  });
  for (const { name, results } of outcomes.slice(1, 4)) {
    expect(results.map((result, i) => farthest(result, outcomes[0].results[i])), name).toEqual([0, 0, 0]);
  }
});
