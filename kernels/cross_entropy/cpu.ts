// The CPU device's version: exponentials and their sums by rows in WASM, what is left of a row here.

import type { CpuKernels, CpuTensor, Tensor } from "../../src/graph.ts";

type Parts<Names extends string> = Record<Names, CpuTensor> & { weights?: CpuTensor };
type Kinds = { labels: Tensor };

export function forwardCpu(
  data: Parts<"logits" | "labels" | "loss" | "accuracy" | "losses" | "lse" | "mass" | "correct" | "divisor">,
  { smoothing, mean }: { smoothing: number; mean: boolean },
  kernels: CpuKernels,
  tensors: Kinds,
): void {
  const { logits, labels, weights, losses, lse, mass, correct } = data, [R, V] = logits.shape, whole = tensors.labels.dtype === "u32";
  // correct and losses hold the rows' largest values and sums until they are overwritten
  kernels.logSumExp({
    ...{ x: logits.pointer, weights: weights?.pointer, lse: lse.pointer, most: correct.pointer, sum: losses.pointer },
    ...{ R, C: V },
  });
  let loss = 0, hits = 0, total = 0;
  for (let r = 0; r < R; r++) {
    const w = weights?.data[r] ?? 1, most = correct.data[r], sum = losses.data[r], start = r * V, label = labels.data[r];
    losses.data[r] = mass.data[r] = correct.data[r] = 0;
    if (w === 0) continue;
    const evenly = smoothing === 0 ? 0 : smoothing * (lse.data[r] - sum / V); // no 0 * infinity
    if (!whole) {
      let share = smoothing, dot = 0;
      for (let v = start; v < start + V; v++) {
        const t = labels.data[v];
        if (t !== 0) {
          dot += t * (lse.data[r] - logits.data[v]);
          share += (1 - smoothing) * t;
        }
      }
      losses.data[r] = (1 - smoothing) * dot + evenly;
      mass.data[r] = share;
    } else if (label < V) {
      const x = logits.data[start + label];
      losses.data[r] = (1 - smoothing) * (lse.data[r] - x) + evenly;
      mass.data[r] = 1;
      correct.data[r] = Number(x === most && lse.data[r] === lse.data[r] && logits.data.indexOf(x, start) === start + label);
    } else {
      losses.data[r] = mass.data[r] = NaN;
    }
    loss += w * losses.data[r];
    hits += w * correct.data[r];
    total += w;
  }
  data.divisor.data[0] = mean ? Math.max(total, 1e-20) : 1;
  data.loss.data[0] = loss / (mean ? Math.max(total, 1e-20) : 1);
  data.accuracy.data[0] = hits / Math.max(total, 1e-20);
}

export function backwardCpu(
  { logits, labels, weights, lse, mass, divisor, dloss, dlogits }: Parts<
    "logits" | "labels" | "lse" | "mass" | "divisor" | "dloss" | "dlogits"
  >,
  { smoothing }: { smoothing: number },
  kernels: CpuKernels,
  tensors: Kinds,
): void {
  const [R, V] = logits.shape, scale = dloss.data[0] / divisor.data[0];
  kernels.expRows({
    ...{ x: logits.pointer, lse: lse.pointer, mass: mass.pointer, weights: weights?.pointer, y: dlogits.pointer },
    ...{ R, C: V, scale, shift: -smoothing / V },
  });
  for (let r = 0; r < R; r++) {
    const g = scale * (weights?.data[r] ?? 1) * (1 - smoothing), start = r * V;
    if (g === 0) continue;
    if (tensors.labels.dtype !== "u32") {
      for (let v = start; v < start + V; v++) dlogits.data[v] -= g * labels.data[v];
    } else if (labels.data[r] < V) dlogits.data[start + labels.data[r]] -= g;
  }
}
