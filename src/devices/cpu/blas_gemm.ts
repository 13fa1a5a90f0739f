// Products on a system BLAS: one call a matrix, then the epilogue on the WASM kernels.

import type { Sgemm } from "./blas.ts";
import type { Elementwise } from "./elementwise.ts";
import type { Segmented } from "./gemm.ts";

/** Below this many multiplications a call costs more than it saves. */
const leastWork = 1 << 16;

/** The parts of the kernels that an epilogue needs. */
export interface Epilogue {
  elementwise(job: Elementwise): void;
  copy(from: number, to: number, values: number): void;
  f32(pointer: number, length: number): Float32Array;
}

/**
 * Does a product, or returns false where the WASM kernels must: a small one, or an epilogue over rows that are not dense.
 */
export function blasGemm(sgemm: Sgemm, kernels: Epilogue, job: Segmented): boolean {
  const { M, N, K, a, b, c, bias, rowBias, pre, scale, residual, activation = "none", batch = 1, transA = false, transB = false } = job;
  const { segments = 1, segmentA = 0, segmentB = 0 } = job;
  const { lda = transA ? M : K, ldb = transB ? K : N, ldc = N, strideA = M * K, strideB = K * N, strideC = M * N } = job;
  const plain = !bias && !pre && !scale && !residual && activation === "none";
  const dense = ldc === N && (batch === 1 || strideC === M * N);
  if (job.image || (rowBias && job.accumulate) || M * N * K < leastWork || !(plain || dense)) return false;
  for (let i = 0; i < batch; i++) {
    const [pa, pb, pc] = [a + 4 * i * strideA, b + 4 * i * strideB, c + 4 * i * strideC];
    if (rowBias) kernels.f32(rowBias, M).forEach((value, row) => kernels.f32(pc + 4 * row * ldc, N).fill(value));
    for (let s = 0; s < segments; s++) {
      const accumulate = job.accumulate || !!rowBias || s > 0;
      sgemm({ M, N, K, transA, transB, a: pa + 4 * s * segmentA, lda, b: pb + 4 * s * segmentB, ldb, c: pc, ldc, accumulate });
    }
  }
  const R = batch * M, all = { a: c, y: c, R, C: N };
  if (bias) kernels.elementwise({ ...all, operation: "sum", b: bias, broadcast: true });
  if (pre) kernels.copy(c, pre, R * N);
  if (activation !== "none") kernels.elementwise({ ...all, operation: activation });
  if (scale) kernels.elementwise({ ...all, operation: "product", b: scale, broadcast: true });
  if (residual) kernels.elementwise({ ...all, operation: "sum", b: residual });
  return true;
}
