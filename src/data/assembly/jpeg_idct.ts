// @ts-nocheck AssemblyScript: build.ts compiles it to WASM with SIMD, TypeScript does not know its types.
//
// libjpeg's "slow integer" inverse DCT, equal to the bit: 13-bit constants, columns first with two extra bits, then rows. Loeffler,
// Ligtenberg and Moschytz (1989). Four columns (or rows) lie in a vector of 32-bit numbers, which wrap where libjpeg's would.

/** The round-trip of 8 vectors through the transform, read at src + 16 * step * i; rounded off by `shift` bits, transposed, at dst. */
// @ts-ignore: decorator

function pass(v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128, shift: i32, dst: usize): void {
  const half = i32x4.splat(1 << (shift - 1));
  const e = i32x4.mul(i32x4.add(v2, v6), i32x4.splat(4433));
  const t2 = i32x4.sub(e, i32x4.mul(v6, i32x4.splat(15137))), t3 = i32x4.add(e, i32x4.mul(v2, i32x4.splat(6270)));
  const t0 = i32x4.add(i32x4.shl(i32x4.add(v0, v4), 13), half), t1 = i32x4.add(i32x4.shl(i32x4.sub(v0, v4), 13), half);
  const t10 = i32x4.add(t0, t3), t13 = i32x4.sub(t0, t3), t11 = i32x4.add(t1, t2), t12 = i32x4.sub(t1, t2);

  const z5 = i32x4.mul(i32x4.add(i32x4.add(v7, v3), i32x4.add(v5, v1)), i32x4.splat(9633));
  const z1 = i32x4.mul(i32x4.add(v7, v1), i32x4.splat(-7373)), z2 = i32x4.mul(i32x4.add(v5, v3), i32x4.splat(-20995));
  const z3 = i32x4.add(z5, i32x4.mul(i32x4.add(v7, v3), i32x4.splat(-16069)));
  const z4 = i32x4.add(z5, i32x4.mul(i32x4.add(v5, v1), i32x4.splat(-3196)));
  const o0 = i32x4.add(i32x4.mul(v7, i32x4.splat(2446)), i32x4.add(z1, z3));
  const o1 = i32x4.add(i32x4.mul(v5, i32x4.splat(16819)), i32x4.add(z2, z4));
  const o2 = i32x4.add(i32x4.mul(v3, i32x4.splat(25172)), i32x4.add(z2, z3));
  const o3 = i32x4.add(i32x4.mul(v1, i32x4.splat(12299)), i32x4.add(z1, z4));

  const a = i32x4.shr_s(i32x4.add(t10, o3), shift), h = i32x4.shr_s(i32x4.sub(t10, o3), shift);
  const b = i32x4.shr_s(i32x4.add(t11, o2), shift), g = i32x4.shr_s(i32x4.sub(t11, o2), shift);
  const c = i32x4.shr_s(i32x4.add(t12, o1), shift), f = i32x4.shr_s(i32x4.sub(t12, o1), shift);
  const d = i32x4.shr_s(i32x4.add(t13, o0), shift), k = i32x4.shr_s(i32x4.sub(t13, o0), shift);
  transpose(a, b, c, d, dst);
  transpose(k, f, g, h, dst + 16);
}

/** Four vectors as the columns of four rows of 8 numbers, at dst. */
// @ts-ignore: decorator

function transpose(a: v128, b: v128, c: v128, d: v128, dst: usize): void {
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const ba = i32x4.shuffle(a, b, 2, 6, 3, 7), dc = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(dst, i64x2.shuffle(ab, cd, 0, 2));
  v128.store(dst, i64x2.shuffle(ab, cd, 1, 3), 32);
  v128.store(dst, i64x2.shuffle(ba, dc, 0, 2), 64);
  v128.store(dst, i64x2.shuffle(ba, dc, 1, 3), 96);
}

/** Row `i` of four columns, times its quantisers. */
// @ts-ignore: decorator

function coefficient(coefficients: usize, quantisers: usize, i: usize): v128 {
  return i32x4.mul(v128.load16x4_s(coefficients + i * 16), v128.load16x4_u(quantisers + i * 16));
}

// @ts-ignore: decorator

function row(work: usize, i: usize): v128 {
  return v128.load(work + i * 32);
}

/**
 * (8, 8) i16 coefficients and their u16 quantisers → 8 x 8 samples, rows `stride` bytes apart at dst. `work` are 512 bytes. Values that
 * no encoder makes wrap at 10 bits, as in libjpeg's table of limits.
 */
export function idct(coefficients: usize, quantisers: usize, work: usize, dst: usize, stride: usize): void {
  for (let half: usize = 0; half < 2; half++) {
    const c = coefficients + half * 8, q = quantisers + half * 8;
    pass(
      coefficient(c, q, 0),
      coefficient(c, q, 1),
      coefficient(c, q, 2),
      coefficient(c, q, 3),
      coefficient(c, q, 4),
      coefficient(c, q, 5),
      coefficient(c, q, 6),
      coefficient(c, q, 7),
      11,
      work + half * 128,
    );
  }
  for (let half: usize = 0; half < 2; half++) {
    const w = work + half * 16;
    pass(row(w, 0), row(w, 1), row(w, 2), row(w, 3), row(w, 4), row(w, 5), row(w, 6), row(w, 7), 18, work + 256 + half * 128);
  }
  for (let y: usize = 0; y < 8; y++, dst += stride) {
    const left = wrap(v128.load(work + 256 + y * 32)), right = wrap(v128.load(work + 256 + y * 32, 16));
    const centred = i16x8.add(i16x8.narrow_i32x4_s(left, right), i16x8.splat(128));
    v128.store64_lane(dst, i8x16.narrow_i16x8_u(centred, centred), 0);
  }
}

// @ts-ignore: decorator

function wrap(samples: v128): v128 {
  return i32x4.shr_s(i32x4.shl(samples, 22), 22);
}

/** As idct() of a block whose only coefficient is the first, already multiplied by its quantiser. */
export function flat(first: i32, dst: usize, stride: usize): void {
  const sample = ((((first << 2) + 16) >> 5) << 22) >> 22;
  const eight = i64x2.extract_lane(i8x16.splat(<i8> max(0, min(255, sample + 128))), 0);
  for (let y = 0; y < 8; y++, dst += stride) store<i64>(dst, eight);
}
