// Cross-entropy on the CPU device: as the reference, in one or two passes over a row and without memory of its own.

import type { CpuTensor } from "../../src/graph.ts";

interface Given {
  logits: CpuTensor;
  /** Whole numbers (R) of any kind, or shares (R, V). */
  labels: CpuTensor;
  weights?: CpuTensor;
}

export interface Forward extends Given {
  loss: CpuTensor;
  accuracy: CpuTensor;
  losses: CpuTensor;
  lse: CpuTensor;
  mass: CpuTensor;
  correct: CpuTensor;
  divisor: CpuTensor;
}

export interface Options {
  smoothing: number;
  mean: boolean;
  /** Whether labels are numbers of classes. */
  whole: boolean;
}

export function forward(t: Forward, { smoothing, mean, whole }: Options): void {
  const [R, V] = t.logits.shape, x = t.logits.data, labels = t.labels.data;
  let loss = 0, hits = 0, total = 0;
  for (let r = 0; r < R; r++) {
    const w = t.weights?.data[r] ?? 1, row = r * V;
    t.losses.data[r] =
      t.lse.data[r] =
      t.mass.data[r] =
      t.correct.data[r] =
        0;
    if (w === 0) continue;
    let best = 0, sum = 0, plain = 0;
    for (let v = 1; v < V; v++) if (x[row + v] > x[row + best]) best = v;
    const top = x[row + best];
    for (let v = 0; v < V; v++) {
      sum += Math.exp(x[row + v] - top);
      plain += x[row + v];
    }
    const lse = top + Math.log(sum);
    // The target's mass, and its product with the logits; one may be infinite where nothing is aimed at.
    const spread = smoothing === 0 ? 0 : smoothing / V * plain;
    let mass: number, aimed: number;
    if (whole) {
      const known = labels[r] < V;
      mass = known ? 1 : NaN;
      aimed = known ? (1 - smoothing) * x[row + labels[r]] + spread : NaN;
    } else {
      mass = smoothing;
      aimed = spread;
      for (let v = 0; v < V; v++) {
        const share = (1 - smoothing) * labels[row + v];
        if (share === 0) continue;
        mass += share;
        aimed += share * x[row + v];
      }
    }
    t.lse.data[r] = lse;
    t.mass.data[r] = mass;
    t.losses.data[r] = mass * lse - aimed;
    t.correct.data[r] = Number(whole && best === labels[r]);
    loss += w * t.losses.data[r];
    hits += w * t.correct.data[r];
    total += w;
  }
  const divisor = mean ? Math.max(total, 1e-20) : 1;
  t.loss.data[0] = loss / divisor;
  t.accuracy.data[0] = hits / Math.max(total, 1e-20);
  t.divisor.data[0] = divisor;
}

export interface Backward extends Given {
  lse: CpuTensor;
  mass: CpuTensor;
  divisor: CpuTensor;
  dloss: CpuTensor;
  dlogits: CpuTensor;
}

export function backward(t: Backward, { smoothing, whole }: Omit<Options, "mean">): void {
  const [R, V] = t.logits.shape, x = t.logits.data, dx = t.dlogits.data, labels = t.labels.data;
  for (let r = 0; r < R; r++) {
    const w = t.weights?.data[r] ?? 1, row = r * V;
    if (w === 0) {
      dx.fill(0, row, row + V);
      continue;
    }
    const scale = t.dloss.data[0] * w / t.divisor.data[0], lse = t.lse.data[r], mass = t.mass.data[r];
    for (let v = 0; v < V; v++) {
      const share = whole ? 0 : (1 - smoothing) * labels[row + v];
      dx[row + v] = scale * (mass * Math.exp(x[row + v] - lse) - smoothing / V - share);
    }
    if (whole && labels[r] < V) dx[row + labels[r]] -= scale * (1 - smoothing);
  }
}
