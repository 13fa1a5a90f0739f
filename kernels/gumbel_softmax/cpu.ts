// The CPU device's versions where no WASM kernel does the work: whole rows of neighbouring columns at a time, in the order of memory.

import type { CpuTensor } from "../../src/graph.ts";
import { around } from "../axis.ts";

/** dx = y (dy - sum(y dy)) / tau along `axis`. */
export function gumbelSoftmaxBackwardCpu({ y, tau, dy, dx }: Record<"y" | "tau" | "dy" | "dx", CpuTensor>, axis: number): void {
  const [B, K, S] = around(y.shape, axis), scale = 1 / tau.data[0], inner = new Float64Array(S);
  for (let b = 0; b < B; b++) {
    const start = b * K * S, end = start + K * S;
    inner.fill(0);
    for (let row = start; row < end; row += S) for (let s = 0; s < S; s++) inner[s] += y.data[row + s] * dy.data[row + s];
    for (let row = start; row < end; row += S) {
      for (let s = 0; s < S; s++) dx.data[row + s] = y.data[row + s] * (dy.data[row + s] - inner[s]) * scale;
    }
  }
}

/** 1 at the first of the largest values along `axis`, 0 elsewhere; a column with NaN is copied. */
export function oneHotCpu({ x, y }: Record<"x" | "y", CpuTensor>, axis: number): void {
  const [B, K, S] = around(x.shape, axis), out = y.data.fill(0), values = x.data;
  const best = new Int32Array(S), wrong = new Uint8Array(S);
  for (let b = 0; b < B; b++) {
    const start = b * K * S, end = start + K * S;
    for (let s = 0; s < S; s++) best[s] = start + s;
    wrong.fill(0);
    for (let row = start; row < end; row += S) {
      for (let i = row, s = 0; s < S; i++, s++) {
        if (values[i] > values[best[s]]) best[s] = i;
        else if (values[i] !== values[i]) wrong[s] = 1;
      }
    }
    for (let s = 0; s < S; s++) {
      if (wrong[s]) { for (let i = start + s; i < end; i += S) out[i] = values[i]; }
      else out[best[s]] = 1;
    }
  }
}
