// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// The innermost product: MR rows by NR columns held in registers over KC steps of K, from packed panels. Shapes measured best of a dozen:
// 6 x 8 (12 accumulators) where multiply-add is fused, 2 x 16 where it is not. See
// bench/cpu_gemm.ts.

import { madd } from "./simd";

export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 2;
export const NR: i32 = ASC_FEATURE_RELAXED_SIMD ? 8 : 16;
/** Steps of K per pass: a panel of each side stays in the first cache. */
export const KC: i32 = 384;

/** t (rows at distance ldt, bytes) = or += the product of panels a (k, MR) and b (k, NR). */
function tile(a: usize, b: usize, k: i32, t: usize, ldt: usize, first: bool): void {
  if (ASC_FEATURE_RELAXED_SIMD) tile6x8(a, b, k, t, ldt, first);
  else tile2x16(a, b, k, t, ldt, first);
}

function put(t: usize, v: v128, first: bool): void {
  v128.store(t, first ? v : f32x4.add(v128.load(t), v));
}

function tile6x8(a: usize, b: usize, k: i32, t: usize, ldt: usize, first: bool): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  for (const end = b + (<usize> k << 5); b < end;) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load_splat<f32>(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load_splat<f32>(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load_splat<f32>(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load_splat<f32>(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load_splat<f32>(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    a += 24;
    b += 32;
  }
  put(t, c00, first);
  put(t + 16, c01, first);
  t += ldt;
  put(t, c10, first);
  put(t + 16, c11, first);
  t += ldt;
  put(t, c20, first);
  put(t + 16, c21, first);
  t += ldt;
  put(t, c30, first);
  put(t + 16, c31, first);
  t += ldt;
  put(t, c40, first);
  put(t + 16, c41, first);
  t += ldt;
  put(t, c50, first);
  put(t + 16, c51, first);
}

// JavaScriptCore broadcasts from memory in one instruction only at offset 0, elsewhere in three, so a moves on after every load; and it
// leaves the test of a loop where it stands, so it stands at the end. Unrolled, the loop is a third slower.
function tile2x16(a: usize, b: usize, k: i32, t: usize, ldt: usize, first: bool): void {
  const zero = f32x4.splat(0), end = b + (<usize> k << 6);
  let c00 = zero, c01 = zero, c02 = zero, c03 = zero, c10 = zero, c11 = zero, c12 = zero, c13 = zero;
  do {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load_splat<f32>(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = madd(x, b2, c02);
    c03 = madd(x, b3, c03);
    a += 4;
    x = v128.load_splat<f32>(a);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = madd(x, b2, c12);
    c13 = madd(x, b3, c13);
    a += 4;
    b += 64;
  } while (b < end);
  put(t, c00, first);
  put(t + 16, c01, first);
  put(t + 32, c02, first);
  put(t + 48, c03, first);
  t += ldt;
  put(t, c10, first);
  put(t + 16, c11, first);
  put(t + 32, c12, first);
  put(t + 48, c13, first);
}

/**
 * t (rows, columns) = or += A·B over all of k. a: panels (k, MR) of rows, b: panels (k, NR) of columns, ldt in bytes; t has room for whole
 * tiles, MR rows and NR columns rounded up.
 */
export function multiply(a: usize, rows: i32, b: usize, columns: i32, k: i32, t: usize, ldt: usize, overwrite: bool): void {
  for (let k0 = 0; k0 < k; k0 += KC) {
    const steps = min(KC, k - k0), first = overwrite && k0 == 0;
    for (let n = 0; n < columns; n += NR) {
      const panel = b + ((<usize> n * k + <usize> k0 * NR) << 2);
      for (let m = 0; m < rows; m += MR) {
        tile(a + ((<usize> m * k + <usize> k0 * MR) << 2), panel, steps, t + <usize> m * ldt + (<usize> n << 2), ldt, first);
      }
    }
  }
}
