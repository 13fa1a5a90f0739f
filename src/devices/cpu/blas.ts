// A BLAS of the system for the matrix products of the CPU device, where one is installed and asked for: OpenBLAS, Accelerate, MKL.
// It works on the memory of the WASM kernels, which do everything else.

import { DeviceError } from "../../errors.ts";

/** cblas_sgemm on addresses in the kernels' memory, in floats: row-major C (M, N) = op(A) op(B) + (accumulate ? C : 0). */
export type Sgemm = (product: Product) => void;

export interface Product {
  M: number;
  N: number;
  K: number;
  transA: boolean;
  transB: boolean;
  a: number;
  lda: number;
  b: number;
  ldb: number;
  c: number;
  ldc: number;
  accumulate: boolean;
}

export interface Blas {
  library: string;
  sgemm: Sgemm;
  close(): void;
}

/** CBLAS's constants for row-major order, and for operands as they are or transposed. */
const ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112;

/** Where systems keep a BLAS with the C interface, best first. */
const libraries: Record<string, string[]> = {
  linux: ["libopenblas.so.0", "libopenblas.so", "libmkl_rt.so.2", "libblis.so.4"],
  darwin: ["/System/Library/Frameworks/Accelerate.framework/Accelerate", "/opt/homebrew/opt/openblas/lib/libopenblas.dylib"],
  win32: ["libopenblas.dll", "openblas.dll", "mkl_rt.2.dll"],
};

type Open = (path: string, memory: WebAssembly.Memory) => Promise<Omit<Blas, "library">>;

/**
 * Opens the system's BLAS, or the library at `path`.
 *
 * @throws DeviceError naming what was tried, and why it failed.
 */
export async function openBlas(memory: WebAssembly.Memory, path?: string): Promise<Blas> {
  const { platform } = await import("node:process");
  const tried = path ? [path] : libraries[platform] ?? [], reasons: string[] = [];
  const open = "Deno" in globalThis ? openInDeno : "Bun" in globalThis ? openInBun : undefined;
  if (!open) throw new DeviceError("blas: this runtime cannot call native libraries; use Deno or Bun, or leave blas out");
  for (const library of tried) {
    try {
      return { library, ...await open(library, memory) };
    } catch (error) {
      reasons.push(`${library}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  throw new DeviceError(
    `blas: no library opens (${
      reasons.join("; ") || `none is known for ${platform}`
    }); install one (Debian: libopenblas0-pthread), give its path, or leave blas out`,
  );
}

const openInDeno: Open = (path, memory) => {
  const parameters = [
    "i32",
    "i32",
    "i32",
    "i32",
    "i32",
    "i32",
    "f32",
    "pointer",
    "i32",
    "pointer",
    "i32",
    "f32",
    "pointer",
    "i32",
  ] as const;
  const library = Deno.dlopen(path, { cblas_sgemm: { parameters, result: "void" } }), { symbols } = library;
  const { create, of, value } = Deno.UnsafePointer;
  const at = (pointer: number) => create(value(of(new Uint8Array(memory.buffer as ArrayBuffer))) as bigint + BigInt(pointer));
  const sgemm: Sgemm = ({ M, N, K, transA, transB, a, lda, b, ldb, c, ldc, accumulate }) => {
    const [p, q] = [transA, transB].map((transposed) => transposed ? TRANSPOSED : PLAIN);
    symbols.cblas_sgemm(ROW_MAJOR, p, q, M, N, K, 1, at(a), lda, at(b), ldb, +accumulate, at(c), ldc);
  };
  return Promise.resolve({ sgemm, close: () => library.close() });
};

interface BunFfi {
  dlopen(path: string, symbols: Record<string, { args: string[]; returns: string }>): {
    symbols: { cblas_sgemm(...args: number[]): void };
    close(): void;
  };
  ptr(view: Uint8Array): number;
}

const openInBun: Open = async (path, memory) => {
  const name = "bun:ffi"; // a variable: other runtimes' checkers know no such module
  const { dlopen, ptr } = await import(name) as BunFfi;
  const args = ["i32", "i32", "i32", "i32", "i32", "i32", "f32", "ptr", "i32", "ptr", "i32", "f32", "ptr", "i32"];
  const { symbols, close } = dlopen(path, { cblas_sgemm: { args, returns: "void" } });
  const sgemm: Sgemm = ({ M, N, K, transA, transB, a, lda, b, ldb, c, ldc, accumulate }) => {
    const start = ptr(new Uint8Array(memory.buffer)), [p, q] = [transA, transB].map((transposed) => transposed ? TRANSPOSED : PLAIN);
    symbols.cblas_sgemm(ROW_MAJOR, p, q, M, N, K, 1, start + a, lda, start + b, ldb, +accumulate, start + c, ldc);
  };
  return { sgemm, close };
};
