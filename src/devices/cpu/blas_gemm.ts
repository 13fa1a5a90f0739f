// Products on a system BLAS: one call a matrix, then the epilogue on the WASM kernels.

import type { Sgemm } from "./blas.ts";
import type { Elementwise } from "./elementwise.ts";
import type { Gemm } from "./gemm.ts";

/** Below this many multiplications a call costs more than it saves. */
const leastWork = 1 << 16;

/** The parts of the kernels that an epilogue needs. */
export interface Epilogue {
  elementwise(job: Elementwise): void;
  copy(from: number, to: number, values: number): void;
}

/** Does a product, or returns false where the WASM kernels must: a small one, or an epilogue over rows that are not dense. */
export function blasGemm(sgemm: Sgemm, kernels: Epilogue, job: Gemm): boolean {
  const { M, N, K, a, b, c, bias, rowBias, pre, scale, residual, activation = "none", batch = 1, transA = false, transB = false } = job;
  const { lda = transA ? M : K, ldb = transB ? K : N, ldc = N, strideA = M * K, strideB = K * N, strideC = M * N } = job;
  const plain = !bias && !pre && !scale && !residual && activation === "none";
  const dense = ldc === N && (batch === 1 || strideC === M * N);
  if (rowBias || M * N * K < leastWork || !(plain || dense)) return false;
  for (let i = 0; i < batch; i++) {
    const [pa, pb, pc] = [a + 4 * i * strideA, b + 4 * i * strideB, c + 4 * i * strideC];
    sgemm({ M, N, K, transA, transB, a: pa, lda, b: pb, ldb, c: pc, ldc, accumulate: !!job.accumulate });
  }
  const R = batch * M, all = { a: c, y: c, R, C: N };
  if (bias) kernels.elementwise({ ...all, operation: "sum", b: bias, broadcast: true });
  if (pre) kernels.copy(c, pre, R * N);
  if (activation !== "none") kernels.elementwise({ ...all, operation: activation });
  if (scale) kernels.elementwise({ ...all, operation: "product", b: scale, broadcast: true });
  if (residual) kernels.elementwise({ ...all, operation: "sum", b: residual });
  return true;
}
