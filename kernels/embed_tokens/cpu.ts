// The CPU device's version: whole pictures at once, then the masked rows.

import type { CpuKernels, CpuTensor } from "../../src/graph.ts";

interface Attributes {
  B: number;
  N: number;
}

type Forward = Record<"patches" | "class_token" | "y", CpuTensor> & Partial<Record<"positions" | "mask_token" | "mask", CpuTensor>>;

export function forwardCpu(data: Forward, { B, N }: Attributes, kernels: CpuKernels): void {
  const { patches, class_token, positions, mask_token, mask, y } = data, C = class_token.size, picture = (N + 1) * C;
  const add = (a: number, b: number | undefined, at: number, length: number) =>
    kernels.elementwise({ operation: "sum", a, b, y: y.pointer + 4 * at, C: length });
  for (let b = 0; b < B; b++) {
    add(class_token.pointer, positions?.pointer, b * picture, C);
    add(patches.pointer + 4 * b * N * C, positions && positions.pointer + 4 * C, b * picture + C, N * C);
  }
  if (!mask || !mask_token) return;
  mask.data.forEach((w, patch) => {
    if (w === 0) return;
    const t = patch % N + 1, row = ((patch - t + 1) / N * (N + 1) + t) * C;
    for (let c = 0; c < C; c++) {
      const own = w === 1 ? 0 : patches.data[patch * C + c] * (1 - w);
      y.data[row + c] = own + mask_token.data[c] * w + (positions ? positions.data[t * C + c] : 0);
    }
  });
}

type Backward = Record<"dy" | "dpatches" | "dpositions" | "masked", CpuTensor> & { mask?: CpuTensor };

export function backwardCpu({ dy, mask, dpatches, dpositions, masked }: Backward, { B, N }: Attributes, kernels: CpuKernels): void {
  const C = dy.shape[1], picture = (N + 1) * C;
  for (let b = 0; b < B; b++) dpatches.data.set(dy.data.subarray(b * picture + C, (b + 1) * picture), b * N * C);
  masked.data.fill(0);
  mask?.data.forEach((w, patch) => {
    if (w === 0) return;
    const t = patch % N + 1, row = ((patch - t + 1) / N * (N + 1) + t) * C;
    for (let c = 0; c < C; c++) {
      masked.data[t * C + c] += w * dy.data[row + c];
      dpatches.data[patch * C + c] = dy.data[row + c] * (1 - w);
    }
  });
  // last: it may need working storage, and unshared memory that grows detaches the views
  kernels.columnSum({ x: dy.pointer, y: dpositions.pointer, R: B, C: picture });
}
