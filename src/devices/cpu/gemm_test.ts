import { afterAll, beforeAll, expect, test } from "bun:test";
import { ShapeError } from "../../errors.ts";
import { CpuKernels, type Gemm } from "./kernels.ts";
import { farthest, gelu, noise, onEveryTeam, put } from "./testing.ts";

let kernels: CpuKernels;
beforeAll(async () => {
  kernels = await CpuKernels.open({ threads: 2 });
});
afterAll(() => kernels.close());

/** Every part of the job in plain loops and double precision. */
function reference(
  job: Omit<Gemm, "a" | "b" | "c">,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  rest: Record<string, Float32Array> = {},
) {
  const { M, N, K, transA, transB, batch = 1 } = job;
  const { lda = transA ? M : K, ldb = transB ? K : N, ldc = N, strideA = M * K, strideB = K * N, strideC = M * N } = job;
  const result = Float32Array.from(c), pre = new Float32Array(c.length);
  for (let i = 0; i < batch; i++) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        const at = i * strideC + m * ldc + n;
        let sum = job.accumulate ? result[at] : 0;
        for (let k = 0; k < K; k++) {
          sum += a[i * strideA + (transA ? k * lda + m : m * lda + k)] * b[i * strideB + (transB ? n * ldb + k : k * ldb + n)];
        }
        sum += (rest.bias?.[n] ?? 0) + (rest.rowBias?.[m] ?? 0);
        pre[at] = sum;
        if (job.activation === "gelu") sum = gelu(sum);
        if (job.activation === "relu") sum = Math.max(sum, 0);
        result[at] = sum * (rest.scale?.[n] ?? 1) + (rest.residual?.[at] ?? 0);
      }
    }
  }
  return { c: result, pre };
}

const sizes = [[1, 1, 1], [1, 5, 300], [3, 7, 5], [6, 8, 4], [7, 17, 13], [50, 33, 130], [101, 530, 391], [13, 9, 20000]];
const kinds = [{}, { transB: true }, { transA: true }, { transA: true, transB: true }];

for (const [M, N, K] of sizes) {
  for (const kind of kinds) {
    test(`gemm() equals plain loops at ${M} x ${N} x ${K} ${JSON.stringify(kind)}`, () => {
      const a = noise(M * K, 1), b = noise(K * N, 2), pointers = [a, b, new Float32Array(M * N)].map((x) => put(kernels, x));
      kernels.gemm({ M, N, K, ...kind, a: pointers[0], b: pointers[1], c: pointers[2] });
      const { c } = reference({ M, N, K, ...kind }, a, b, new Float32Array(M * N));
      expect(farthest(kernels.f32(pointers[2], M * N), c)).toBeLessThan(4e-6 * Math.sqrt(K));
      pointers.forEach((pointer) => kernels.free(pointer));
    });
  }
}

for (const activation of ["none", "gelu", "relu"] as const) {
  for (const accumulate of [false, true]) {
    test(`gemm() runs its whole epilogue in order, ${activation}, accumulate ${accumulate}`, () => {
      const M = 29, N = 43, K = 61, size = M * N;
      const data = {
        ...{ a: noise(M * K, 1), b: noise(N * K, 2), c: noise(size, 3) },
        ...{ bias: noise(N, 4), rowBias: noise(M, 5), scale: noise(N, 6), residual: noise(size, 7), pre: new Float32Array(size) },
      };
      const pointers = Object.fromEntries(Object.entries(data).map(([name, x]) => [name, put(kernels, x)])) as unknown as Gemm;
      const job = { M, N, K, transB: true, activation, accumulate };
      kernels.gemm({ ...pointers, ...job });
      const { c, pre } = reference(job, data.a, data.b, data.c, data);
      expect(farthest(kernels.f32(pointers.c, size), c)).toBeLessThan(2e-5);
      expect(farthest(kernels.f32(pointers.pre!, size), pre)).toBeLessThan(2e-5);
    });
  }
}

test("gemm() keeps to leading dimensions and strides, and a stride of 0 repeats a matrix", () => {
  const job = { M: 5, N: 11, K: 6, lda: 9, ldb: 12, ldc: 14, batch: 3, strideA: 60, strideB: 0, strideC: 80 };
  const a = noise(180, 1), b = noise(72, 2), c = noise(240, 3), pointers = [a, b, c].map((x) => put(kernels, x));
  kernels.gemm({ ...job, a: pointers[0], b: pointers[1], c: pointers[2] });
  expect(farthest(kernels.f32(pointers[2], 240), reference(job, a, b, c).c)).toBeLessThan(1e-5);
});

test("gemm() splits a batch and a wide B that do not fit its working storage", () => {
  for (const job of [{ M: 2, N: 800, K: 16000 }, { M: 2, N: 9, K: 5000, batch: 130, transB: true }]) {
    const { batch = 1, M, N, K } = job, a = noise(batch * M * K, 1), b = noise(batch * K * N, 2), c = new Float32Array(batch * M * N);
    const pointers = [a, b, c].map((x) => put(kernels, x));
    kernels.gemm({ ...job, a: pointers[0], b: pointers[1], c: pointers[2] });
    expect(farthest(kernels.f32(pointers[2], c.length), reference(job, a, b, c).c)).toBeLessThan(1e-3);
    pointers.forEach((pointer) => kernels.free(pointer));
  }
});

test("gemm() carries NaN and infinity into the rows they belong to and no others", () => {
  for (const activation of ["none", "gelu", "relu"] as const) {
    const M = 7, N = 10, K = 9, a = noise(M * K, 1), b = noise(N * K, 2);
    a[3 * K + 4] = NaN;
    const pointers = [a, b, new Float32Array(M * N)].map((x) => put(kernels, x));
    kernels.gemm({ M, N, K, activation, a: pointers[0], b: pointers[1], c: pointers[2] });
    const rows = Array.from({ length: M }, (_, m) => kernels.f32(pointers[2] + 4 * m * N, N));
    expect(rows.map((row) => row.filter(Number.isNaN).length)).toEqual([0, 0, 0, N, 0, 0, 0]);
  }
});

test("gemm() gives the same bits for any number of threads, shared memory or not", async () => {
  const M = 130, N = 210, K = 801;
  const outcomes = await onEveryTeam((team) => {
    const a = put(team, noise(M * K, 1)), b = put(team, noise(N * K, 2)), c = team.allocate(4 * M * N);
    team.gemm({ M, N, K, a, b, c, transB: true, activation: "gelu" });
    return [team.f32(c, M * N)];
  });
  for (const variant of ["fused", "plain"]) {
    const [first, ...others] = outcomes.filter(({ name }) => name.startsWith(variant));
    for (const { name, results } of others) expect(farthest(results[0], first.results[0]), name).toBe(0);
  }
});

test("gemm() refuses a size below one with its name", () => {
  expect(() => kernels.gemm({ M: 3, N: 4, K: 0, a: 64, b: 64, c: 64 })).toThrow(
    new ShapeError("gemm: K is 0; it must be a whole number from 1"),
  );
});
