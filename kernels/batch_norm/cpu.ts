// The CPU device's version: channel by channel, whose values of one sample are neighbours.

import type { CpuTensor } from "../../src/graph.ts";

type Parts<Names extends string> = Record<Names, CpuTensor>;

/** Mean and biased variance of every channel, in two passes. */
export function statisticsCpu({ x, mean, variance }: Parts<"x" | "mean" | "variance">): void {
  const [B, C, S] = x.shape, values = x.data;
  for (let c = 0; c < C; c++) {
    let sum = 0, squares = 0;
    for (let b = 0; b < B; b++) for (let i = (b * C + c) * S, end = i + S; i < end; i++) sum += values[i];
    const m = sum / (B * S);
    for (let b = 0; b < B; b++) for (let i = (b * C + c) * S, end = i + S; i < end; i++) squares += (values[i] - m) * (values[i] - m);
    mean.data[c] = m;
    variance.data[c] = squares / (B * S);
  }
}

export function normaliseCpu(
  { x, gamma, beta, mean, variance, y }: Parts<"x" | "gamma" | "beta" | "mean" | "variance" | "y">,
  eps: number,
): void {
  const [B, C, S] = x.shape, values = x.data, out = y.data;
  for (let b = 0; b < B; b++) {
    for (let c = 0; c < C; c++) {
      const m = mean.data[c], scale = gamma.data[c] / Math.sqrt(variance.data[c] + eps), shift = beta.data[c];
      for (let i = (b * C + c) * S, end = i + S; i < end; i++) out[i] = (values[i] - m) * scale + shift;
    }
  }
}

export function backwardCpu(
  { x, gamma, mean, variance, dy, dx, dgamma, dbeta }: Parts<"x" | "gamma" | "mean" | "variance" | "dy" | "dx" | "dgamma" | "dbeta">,
  { eps, ownStatistics }: { eps: number; ownStatistics: boolean },
): void {
  const [B, C, S] = x.shape, values = x.data, d = dy.data, out = dx.data;
  for (let c = 0; c < C; c++) {
    const m = mean.data[c], rstd = 1 / Math.sqrt(variance.data[c] + eps);
    let products = 0, sum = 0;
    for (let b = 0; b < B; b++) {
      for (let i = (b * C + c) * S, end = i + S; i < end; i++) {
        products += (values[i] - m) * d[i];
        sum += d[i];
      }
    }
    dgamma.data[c] = products * rstd;
    dbeta.data[c] = sum;
    const scale = gamma.data[c] * rstd, share = ownStatistics ? 1 / (B * S) : 0, even = sum * share, slope = products * rstd * rstd * share;
    for (let b = 0; b < B; b++) {
      for (let i = (b * C + c) * S, end = i + S; i < end; i++) out[i] = scale * (d[i] - even - (values[i] - m) * slope);
    }
  }
}
