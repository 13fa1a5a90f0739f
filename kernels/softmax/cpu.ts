// The CPU device's versions where no WASM kernel does the whole work. All tensors are (K, S, C), normalised along S.

import type { CpuKernels, CpuTensor } from "../../src/graph.ts";

type Parts<Names extends string> = Record<Names, CpuTensor>;

/** dx = y (dy - sum(y dy)), whole rows of C at a time. */
export function softmaxBackwardCpu(
  { y: { data: y, shape: [K, S, C] }, dy: { data: dy }, dx: { data: dx } }: Parts<"y" | "dy" | "dx">,
): void {
  const inner = new Float64Array(C);
  for (let k = 0; k < K; k++) {
    const start = k * S * C, end = start + S * C;
    if (C === 1) {
      let sum = 0;
      for (let i = start; i < end; i++) sum += y[i] * dy[i];
      for (let i = start; i < end; i++) dx[i] = y[i] * (dy[i] - sum);
      continue;
    }
    inner.fill(0);
    for (let row = start; row < end; row += C) for (let c = 0; c < C; c++) inner[c] += y[row + c] * dy[row + c];
    for (let row = start; row < end; row += C) for (let c = 0; c < C; c++) dx[row + c] = y[row + c] * (dy[row + c] - inner[c]);
  }
}

/** y = x - ln(sum(exp(x))). */
export function logSoftmaxCpu({ x, y }: Parts<"x" | "y">, kernels: CpuKernels): void {
  const [K, S, C] = x.shape, lse = new Float64Array(K * C);
  if (C === 1 && S >= 3) {
    const at = y.pointer; // the three numbers of each row lie where y comes to lie
    kernels.logSumExp({ x: x.pointer, lse: at, most: at + 4 * K, sum: at + 8 * K, R: K, C: S });
    lse.set(y.data.subarray(0, K));
  } else {
    const most = new Float64Array(C);
    for (let k = 0; k < K; k++) {
      const start = k * S * C, end = start + S * C;
      most.fill(-Infinity);
      for (let row = start; row < end; row += C) for (let c = 0; c < C; c++) most[c] = Math.max(most[c], x.data[row + c]);
      for (let row = start; row < end; row += C) for (let c = 0; c < C; c++) lse[k * C + c] += Math.exp(x.data[row + c] - most[c]);
      for (let c = 0; c < C; c++) lse[k * C + c] = most[c] + Math.log(lse[k * C + c]);
    }
  }
  for (let k = 0, i = 0; k < K; k++) {
    if (C === 1) { for (const end = i + S, l = lse[k]; i < end; i++) y.data[i] = x.data[i] - l; }
    else for (let s = 0; s < S; s++) for (let c = 0; c < C; c++, i++) y.data[i] = x.data[i] - lse[k * C + c];
  }
}

/** dx = dy - exp(y) sum(dy). */
export function logSoftmaxBackwardCpu({ y, dy: { data: dy }, dx }: Parts<"y" | "dy" | "dx">, kernels: CpuKernels): void {
  const [K, S, C] = y.shape, sum = new Float64Array(C), out = dx.data;
  kernels.expRows({ x: y.pointer, y: dx.pointer, R: K, C: S * C });
  for (let k = 0; k < K; k++) {
    const start = k * S * C, end = start + S * C;
    if (C === 1) {
      let total = 0;
      for (let i = start; i < end; i++) total += dy[i];
      for (let i = start; i < end; i++) out[i] = dy[i] - out[i] * total;
      continue;
    }
    sum.fill(0);
    for (let row = start; row < end; row += C) for (let c = 0; c < C; c++) sum[c] += dy[row + c];
    for (let row = start; row < end; row += C) for (let c = 0; c < C; c++) out[row + c] = dy[row + c] - out[row + c] * sum[c];
  }
}
