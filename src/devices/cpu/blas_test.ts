import { afterAll, expect, test } from "bun:test";
import { DeviceError } from "../../errors.ts";
import { CpuKernels, type Gemm } from "./kernels.ts";
import { farthest, noise, put } from "./testing.ts";

const plain = await CpuKernels.open({ threads: 1 });
const fast = await CpuKernels.open({ threads: 1, blas: true }).catch((error: Error) => {
  if (!(error instanceof DeviceError)) throw error;
  console.log(`not run: products on a system's BLAS; ${error.message}`);
});
afterAll(() => [plain, fast].forEach((kernels) => kernels?.close()));

const [M, N, K] = [67, 83, 59], batch = 3;
const jobs: Record<string, Omit<Gemm, "a" | "b" | "c">> = {
  "NN": { M, N, K },
  "NT": { M, N, K, transB: true },
  "TN": { M, N, K, transA: true },
  "TT, added to C": { M, N, K, transA: true, transB: true, accumulate: true },
  "a batch that shares B": { M, N, K, batch, strideB: 0 },
  "rows that are further apart": { M, N, K: 40, lda: K, ldb: N },
  "a small one": { M: 3, N: 5, K: 7 },
};

if (fast) {
  const product = (kernels: CpuKernels, job: Omit<Gemm, "a" | "b" | "c">, epilogue: string[] = []) => {
    const pointers = [M * K, K * N, M * N].map((size, i) => put(kernels, noise(batch * size, i + 1)));
    const [a, b, c] = pointers, rest: Record<string, number> = {};
    for (const name of epilogue) rest[name] = put(kernels, noise(name === "bias" || name === "scale" ? N : batch * M * N, 9));
    kernels.gemm({ ...job, a, b, c, ...rest });
    const results = [c, rest.pre].filter(Boolean).map((pointer) => kernels.f32(pointer, batch * M * N).slice());
    for (const pointer of [...pointers, ...Object.values(rest)]) kernels.free(pointer);
    return results;
  };
  for (const [name, job] of Object.entries(jobs)) {
    test(`a BLAS gives what the WASM kernels give: ${name}`, () => {
      expect(farthest(product(fast, job)[0], product(plain, job)[0])).toBeLessThan(2e-5);
    });
  }
  test("a BLAS gives what the WASM kernels give: every part of the epilogue", () => {
    for (const activation of ["none", "gelu", "relu"] as const) {
      const job = { M, N, K, batch, activation }, epilogue = ["bias", "pre", "scale", "residual"];
      const [y, pre] = product(fast, job, epilogue), [wantedY, wantedPre] = product(plain, job, epilogue);
      expect(farthest(y, wantedY)).toBeLessThan(2e-5);
      expect(farthest(pre, wantedPre)).toBeLessThan(2e-5);
    }
  });
  test("a BLAS gives what the WASM kernels give: a convolution of single pixels and its gradients", () => {
    const shape = { B: batch, C: 24, H: 12, W: 11, O: 40, KH: 1, KW: 1, stride: 1, padding: 0 }, area = 12 * 11;
    const sizes = { x: batch * 24 * area, w: 40 * 24, dy: batch * 40 * area, bias: 40, biasC: 24 };
    const [given, wanted] = [fast, plain].map((kernels) => {
      const [x, w, dy, bias, biasC] = Object.values(sizes).map((size, i) => put(kernels, noise(size, i + 1)));
      const outputs = [sizes.dy, sizes.x, sizes.w], [y, dx, dw] = outputs.map((size) => put(kernels, noise(size, 9)));
      kernels.conv({ ...shape, x, w, y, bias, activation: "relu" });
      kernels.convDataGradient({ ...shape, dy, w, dx, bias: biasC });
      kernels.convWeightGradient({ ...shape, x, dy, dw });
      return [y, dx, dw].map((pointer, i) => kernels.f32(pointer, outputs[i]));
    });
    given.forEach((values, i) => expect(farthest(values, wanted[i]), ["y", "dx", "dw"][i]).toBeLessThan(1e-4));
  });
}

test("a BLAS that is not there is refused with what was tried", async () => {
  await expect(CpuKernels.open({ blas: "/nowhere/libblas.so" })).rejects.toThrow(
    /blas: no library opens \(\/nowhere\/libblas\.so: .*\); install one/,
  );
});
