// @ts-nocheck AssemblyScript: build.ts compiles it to WASM with SIMD, TypeScript does not know its types.
//
// Brightness, contrast and saturation in place over (pixels, 3) bytes, with the single-precision arithmetic of Pillow's blend (and of
// ../augment/enhance.ts). Groups of 4 pixels or 16 bytes: up to 16 bytes after the last pixel are read and changed.

const ZERO = i32x4.splat(0);

/** Rec. 601 luma of four pixels: 38470 exceeds 16 bits with a sign, so green is taken twice at half its weight. */
function luma(four: v128): v128 {
  const rg = i8x16.shuffle(four, ZERO, 0, 16, 1, 16, 3, 16, 4, 16, 6, 16, 7, 16, 9, 16, 10, 16);
  const gb = i8x16.shuffle(four, ZERO, 1, 16, 2, 16, 4, 16, 5, 16, 7, 16, 8, 16, 10, 16, 11, 16);
  const red = i32x4.splat(19595 | (19235 << 16)), blue = i32x4.splat(19235 | (7471 << 16));
  const sum = i32x4.add(i32x4.dot_i16x8_s(rg, red), i32x4.dot_i16x8_s(gb, blue));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(32768)), 16);
}

/** Sum of luma over the pixels; the bytes after the last one must be 0. */
export function lumaSum(at: usize, pixels: i32): f64 {
  let sum = i64x2.splat(0);
  for (const end = at + <usize> (pixels * 3); at < end; at += 12) {
    const l = luma(v128.load(at));
    sum = i64x2.add(sum, i64x2.add(i64x2.extend_low_i32x4_u(l), i64x2.extend_high_i32x4_u(l)));
  }
  return <f64> (i64x2.extract_lane(sum, 0) + i64x2.extract_lane(sum, 1));
}

/** from + factor * (to - from), cut to a whole number, not yet clipped. */
function blend(from: v128, to: v128, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.add(from, f32x4.mul(factor, f32x4.sub(f32x4.convert_i32x4_s(to), from))));
}

/** Blends every byte with the byte `from`. */
export function blendWith(at: usize, bytes: i32, from: f32, factor: f32): void {
  const origin = f32x4.splat(from), f = f32x4.splat(factor);
  for (const end = at + <usize> bytes; at < end; at += 16) {
    const v = v128.load(at), low = i16x8.extend_low_i8x16_u(v), high = i16x8.extend_high_i8x16_u(v);
    const a = blend(origin, i32x4.extend_low_i16x8_u(low), f), b = blend(origin, i32x4.extend_high_i16x8_u(low), f);
    const c = blend(origin, i32x4.extend_low_i16x8_u(high), f), d = blend(origin, i32x4.extend_high_i16x8_u(high), f);
    v128.store(at, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
  }
}

/** Blends every pixel with its luma. */
export function saturate(at: usize, pixels: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (const end = at + <usize> (pixels * 3); at < end; at += 12) {
    const v = v128.load(at), grey = f32x4.convert_i32x4_s(luma(v));
    const r = blend(grey, i8x16.shuffle(v, ZERO, 0, 16, 16, 16, 3, 16, 16, 16, 6, 16, 16, 16, 9, 16, 16, 16), f);
    const g = blend(grey, i8x16.shuffle(v, ZERO, 1, 16, 16, 16, 4, 16, 16, 16, 7, 16, 16, 16, 10, 16, 16, 16), f);
    const b = blend(grey, i8x16.shuffle(v, ZERO, 2, 16, 16, 16, 5, 16, 16, 16, 8, 16, 16, 16, 11, 16, 16, 16), f);
    const planes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(r, g), i16x8.narrow_i32x4_s(b, b));
    const pixels = i8x16.shuffle(planes, planes, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 0, 0, 0, 0);
    v128.store64_lane(at, pixels, 0);
    v128.store32_lane(at, pixels, 2, 8);
  }
}
