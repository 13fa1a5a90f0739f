// @ts-nocheck AssemblyScript: build.ts compiles it to WASM with SIMD, TypeScript does not know its types.
//
// Brightness, contrast and saturation of (pixels, 3) bytes, up to three steps in one pass, with the single-precision arithmetic of
// Pillow's blend (and of ../augment/enhance.ts): a step is value = from + factor * (value - from), clipped and cut to a whole number.
// `from` is a constant of the step, or the pixel's luma in step `grey` (-1: in none).
//
// Four pixels at a time lie in three vectors of whole numbers below 2^24, which single precision holds exactly.

const ZERO = i32x4.splat(0);
/** 2^23: added to a whole number below it, leaves the number in the lowest bits. */
const MAGIC = f32x4.splat(8388608);

// @ts-ignore: decorator
function red(four: v128): v128 {
  return f32x4.convert_i32x4_s(i8x16.shuffle(four, ZERO, 0, 16, 16, 16, 3, 16, 16, 16, 6, 16, 16, 16, 9, 16, 16, 16));
}

// @ts-ignore: decorator
function green(four: v128): v128 {
  return f32x4.convert_i32x4_s(i8x16.shuffle(four, ZERO, 1, 16, 16, 16, 4, 16, 16, 16, 7, 16, 16, 16, 10, 16, 16, 16));
}

// @ts-ignore: decorator
function blue(four: v128): v128 {
  return f32x4.convert_i32x4_s(i8x16.shuffle(four, ZERO, 2, 16, 16, 16, 5, 16, 16, 16, 8, 16, 16, 16, 11, 16, 16, 16));
}

/** Rec. 601 luma in 16-bit fixed point, as PIL's convert("L"). */
// @ts-ignore: decorator
function luma(r: v128, g: v128, b: v128): v128 {
  const rg = f32x4.add(f32x4.mul(r, f32x4.splat(19595)), f32x4.mul(g, f32x4.splat(38470)));
  const sum = f32x4.add(rg, f32x4.add(f32x4.mul(b, f32x4.splat(7471)), f32x4.splat(32768)));
  return f32x4.trunc(f32x4.mul(sum, f32x4.splat(1 / 65536)));
}

// @ts-ignore: decorator
function blend(from: v128, to: v128, factor: v128): v128 {
  const value = f32x4.add(from, f32x4.mul(factor, f32x4.sub(to, from)));
  return f32x4.trunc(f32x4.pmin(f32x4.splat(255), f32x4.pmax(f32x4.splat(0), value)));
}

/** Sum of luma over the pixels after `steps` (0 to 2) of the steps; the 16 bytes after the last pixel must be 0. */
export function lumaSum(at: usize, pixels: i32, steps: i32, grey: i32, from0: f32, factor0: f32, from1: f32, factor1: f32): f64 {
  const c0 = f32x4.splat(from0), c1 = f32x4.splat(from1), f0 = f32x4.splat(factor0), f1 = f32x4.splat(factor1);
  let sum = ZERO;
  for (const end = at + <usize> (pixels * 3); at < end; at += 12) {
    const four = v128.load(at);
    let r = red(four), g = green(four), b = blue(four);
    if (steps > 0) {
      const from = grey == 0 ? luma(r, g, b) : c0;
      r = blend(from, r, f0), g = blend(from, g, f0), b = blend(from, b, f0);
    }
    if (steps > 1) {
      const from = grey == 1 ? luma(r, g, b) : c1;
      r = blend(from, r, f1), g = blend(from, g, f1), b = blend(from, b, f1);
    }
    sum = i32x4.add(sum, i32x4.sub(f32x4.add(luma(r, g, b), MAGIC), MAGIC));
  }
  const pairs = i64x2.add(i64x2.extend_low_i32x4_u(sum), i64x2.extend_high_i32x4_u(sum));
  return <f64> (i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1));
}

/**
 * The width x height pixels at src, of a picture whose rows are `stride` bytes, after `steps` (0 to 3) of the steps, at dst without gaps;
 * mirrored if `mirror`. Reads up to 16 bytes past the pixels, and leaves waste in the 16 bytes before and after dst's.
 */
export function cut(
  src: usize,
  stride: i32,
  width: i32,
  height: i32,
  mirror: bool,
  steps: i32,
  grey: i32,
  from0: f32,
  factor0: f32,
  from1: f32,
  factor1: f32,
  from2: f32,
  factor2: f32,
  dst: usize,
): void {
  const c0 = f32x4.splat(from0), c1 = f32x4.splat(from1), c2 = f32x4.splat(from2);
  const f0 = f32x4.splat(factor0), f1 = f32x4.splat(factor1), f2 = f32x4.splat(factor2);
  const row = <usize> (width * 3);
  for (let i = 0; i < height; i++) {
    // The waste of a group of four that is not full lies behind its row, or before it where rows are mirrored: what comes next covers it.
    const y = mirror ? height - 1 - i : i;
    let p = src + <usize> (y * stride), out = dst + <usize> y * row + (mirror ? row - 12 : 0);
    for (const end = p + row; p < end; p += 12) {
      const four = v128.load(p);
      let r = red(four), g = green(four), b = blue(four);
      if (steps > 0) {
        const from = grey == 0 ? luma(r, g, b) : c0;
        r = blend(from, r, f0), g = blend(from, g, f0), b = blend(from, b, f0);
      }
      if (steps > 1) {
        const from = grey == 1 ? luma(r, g, b) : c1;
        r = blend(from, r, f1), g = blend(from, g, f1), b = blend(from, b, f1);
      }
      if (steps > 2) {
        const from = grey == 2 ? luma(r, g, b) : c2;
        r = blend(from, r, f2), g = blend(from, g, f2), b = blend(from, b, f2);
      }
      const rg = i8x16.shuffle(f32x4.add(r, MAGIC), f32x4.add(g, MAGIC), 0, 16, 4, 20, 8, 24, 12, 28, 0, 0, 0, 0, 0, 0, 0, 0);
      const bytes = mirror
        ? i8x16.shuffle(rg, f32x4.add(b, MAGIC), 6, 7, 28, 4, 5, 24, 2, 3, 20, 0, 1, 16, 0, 0, 0, 0)
        : i8x16.shuffle(rg, f32x4.add(b, MAGIC), 0, 1, 16, 2, 3, 20, 4, 5, 24, 6, 7, 28, 0, 0, 0, 0);
      v128.store64_lane(out, bytes, 0);
      v128.store32_lane(out, bytes, 2, 8);
      out += mirror ? -12 : 12;
    }
  }
}
