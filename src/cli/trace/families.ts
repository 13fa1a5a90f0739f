// Timed launches by family of kernels, and the share of matrix products.

import { isProduct } from "../../../kernels/common/gemm/gemm.ts";

/** As `Program.time()` gives them: labels of launches on WebGPU, names of ops on the CPU device. */
export interface TimedLaunch {
  label: string;
  ms: number;
}

/** An op with its gradients: what stands before the first "/", without what an op of a gradient adds. */
export const familyOf = (label: string) => label.split("/")[0].replace(/_(backward.*|sums|slope)$/, "");

export const families = (times: readonly TimedLaunch[]) => Map.groupBy(times, ({ label }) => familyOf(label));

/**
 * Share of the time that goes into matrix products and convolutions, those inside attention among them. The CPU device's attention is
 * one kernel, softmax and all: it does not count.
 */
export function productShare(times: readonly TimedLaunch[]): number {
  const sum = (some: readonly TimedLaunch[]) => some.reduce((total, { ms }) => total + ms, 0);
  return sum(times.filter(({ label }) => isProduct(label) || ["matmul", "conv2d"].includes(familyOf(label)))) / sum(times);
}
