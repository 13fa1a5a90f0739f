// deno run -A bench/cpu_gemm.ts (or bun bench/cpu_gemm.ts): GFLOP/s of the CPU device's matrix product, for every number of threads.
// Shapes and variants take turns for a few seconds, so that a busy machine disturbs all alike.

import { CpuKernels } from "../src/devices/cpu/kernels.ts";

const SHAPES = [[788, 768, 768], [196, 768, 3072], [1, 768, 3072]];
const KINDS = { NN: {}, NT: { transB: true }, TN: { transA: true } };
const SECONDS = 8;

const counts = [...new Set([1, 2, navigator.hardwareConcurrency])].filter((n) => n <= navigator.hardwareConcurrency);
const cases: { name: string; run: () => void; flop: number; rates: number[] }[] = [];
const opened: CpuKernels[] = [];
for (const threads of counts) {
  for (const variant of ["fused", "plain"] as const) {
    const kernels = await CpuKernels.open({ threads, variant });
    opened.push(kernels);
    for (const [M, K, N] of SHAPES) {
      const [a, b, c] = [M * K, K * N, M * N].map((size) => {
        const pointer = kernels.allocate(4 * size);
        kernels.f32(pointer, size).forEach((_, i, x) => x[i] = Math.sin(i));
        return pointer;
      });
      for (const [kind, flags] of Object.entries(KINDS)) {
        const name = `${M}x${K}x${N} ${kind}, ${kernels.description}`;
        cases.push({ name, run: () => kernels.gemm({ M, N, K, a, b, c, ...flags }), flop: 2 * M * K * N, rates: [] });
      }
    }
  }
}

for (const { run } of cases) for (let i = 0; i < 5; i++) run();
for (const end = performance.now() + 1000 * SECONDS; performance.now() < end;) {
  for (const { run, flop, rates } of cases) {
    const repeats = Math.ceil(2e7 / flop), start = performance.now();
    for (let i = 0; i < repeats; i++) run();
    rates.push(repeats * flop / (performance.now() - start) / 1e6);
  }
}
for (const { name, rates } of cases) {
  rates.sort((a, b) => a - b);
  const [median, best] = [rates[rates.length >> 1], rates.at(-1)!].map((x) => x.toFixed(1).padStart(6));
  console.log(`${name.padEnd(62)} median ${median}  best ${best} GFLOP/s`);
}
for (const kernels of opened) kernels.close();
