// The CPU device's version: whole rows of neighbouring columns at a time, in the order of memory.

import type { CpuTensor } from "../../src/graph.ts";

/** y (K, C) = sum over S of p log p + log S, and lse (K, C), of x (K, S, C). */
export function klUniformCpu({ x: { data: x, shape: [K, S, C] }, y, lse }: Record<"x" | "y" | "lse", CpuTensor>): void {
  const top = new Float64Array(C), sum = new Float64Array(C), weighted = new Float64Array(C);
  for (let k = 0; k < K; k++) {
    const start = k * S * C, end = start + S * C;
    top.fill(-Infinity);
    sum.fill(0);
    weighted.fill(0);
    for (let row = start; row < end; row += C) {
      for (let c = 0; c < C; c++) if (!(x[row + c] <= top[c])) top[c] = x[row + c]; // NaN becomes the top and stays it
    }
    for (let row = start; row < end; row += C) {
      for (let c = 0; c < C; c++) {
        const z = x[row + c] - top[c], e = Math.exp(z);
        sum[c] += e;
        weighted[c] += e * z;
      }
    }
    for (let c = 0; c < C; c++) {
      const logSum = Math.log(sum[c]);
      lse.data[k * C + c] = top[c] + logSum;
      y.data[k * C + c] = weighted[c] / sum[c] - logSum + Math.log(S);
    }
  }
}

/** dx = dy p (log p - sum of p log p). */
export function klUniformBackwardCpu({ x, y, lse, dy, dx }: Record<"x" | "y" | "lse" | "dy" | "dx", CpuTensor>): void {
  const [K, S, C] = x.shape, logS = Math.log(S);
  for (let k = 0, i = 0; k < K; k++) {
    for (let s = 0; s < S; s++) {
      for (let line = k * C; line < (k + 1) * C; line++, i++) {
        const logP = x.data[i] - lse.data[line];
        dx.data[i] = dy.data[line] * Math.exp(logP) * (logP - y.data[line] + logS);
      }
    }
  }
}
