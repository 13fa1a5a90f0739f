// @ts-nocheck AssemblyScript: build.ts compiles it to WASM with SIMD, TypeScript does not know its types.
//
// The two passes of Pillow's resampling, exact: a 22-bit weight w is split into w = high * 4096 + low, both of 16 bits, so that one dot
// product of 16-bit pairs takes two taps of four values. sum(p * w) = (sum(p * high) << 12) + sum(p * low), as 32-bit arithmetic has it.
//
// Weights lie as pairs of i16: (out, taps) of high, then (out, taps) of low, taps a multiple of 4. Reads go up to 16 bytes and one row
// past the input; what is read there meets a weight of 0.

const HALF = i32x4.splat(1 << 21);

/** The bytes 0..255 of four sums of 22-bit fixed point, in the lowest 32 bits. */
function round(high: v128, low: v128): v128 {
  const sum = i32x4.shr_s(i32x4.add(i32x4.add(i32x4.shl(high, 12), low), HALF), 22);
  const words = i16x8.narrow_i32x4_s(sum, sum);
  return i8x16.narrow_i16x8_u(words, words);
}

/** Stores the lowest three bytes. */
function store3(at: usize, bytes: v128): void {
  v128.store16_lane(at, bytes, 0);
  v128.store8_lane(at, bytes, 2, 2);
}

/** src (rows, input, 3) → dst (rows, output, 3), two rows at a time. */
export function horizontal(src: usize, rows: i32, input: i32, spans: usize, weights: usize, taps: i32, output: i32, dst: usize): void {
  const zero = i32x4.splat(0), lowOffset = <usize> (output * taps * 2), stride = <usize> (output * 3);
  for (let y = 0; y < rows; y += 2) {
    const row = src + <usize> (y * input * 3);
    // The last row of an odd number is done twice rather than with the row after it.
    const next = y + 1 < rows ? <usize> (input * 3) : 0, nextOut = y + 1 < rows ? stride : 0;
    for (let x = 0; x < output; x++) {
      const start = load<i32>(spans + (<usize> x << 3)), count = load<i32>(spans + (<usize> x << 3), 4);
      let w = weights + <usize> (x * taps * 2), p = row + <usize> (start * 3);
      let high0 = zero, low0 = zero, high1 = zero, low1 = zero;
      for (let t = 0; t < count; t += 4) {
        const first = v128.load(p), second = v128.load(p + next);
        const ab0 = i8x16.shuffle(first, zero, 0, 16, 3, 16, 1, 16, 4, 16, 2, 16, 5, 16, 16, 16, 16, 16);
        const cd0 = i8x16.shuffle(first, zero, 6, 16, 9, 16, 7, 16, 10, 16, 8, 16, 11, 16, 16, 16, 16, 16);
        const ab1 = i8x16.shuffle(second, zero, 0, 16, 3, 16, 1, 16, 4, 16, 2, 16, 5, 16, 16, 16, 16, 16);
        const cd1 = i8x16.shuffle(second, zero, 6, 16, 9, 16, 7, 16, 10, 16, 8, 16, 11, 16, 16, 16, 16, 16);
        const h0 = v128.load32_splat(w), h1 = v128.load32_splat(w, 4);
        const l0 = v128.load32_splat(w + lowOffset), l1 = v128.load32_splat(w + lowOffset, 4);
        high0 = i32x4.add(i32x4.add(high0, i32x4.dot_i16x8_s(ab0, h0)), i32x4.dot_i16x8_s(cd0, h1));
        low0 = i32x4.add(i32x4.add(low0, i32x4.dot_i16x8_s(ab0, l0)), i32x4.dot_i16x8_s(cd0, l1));
        high1 = i32x4.add(i32x4.add(high1, i32x4.dot_i16x8_s(ab1, h0)), i32x4.dot_i16x8_s(cd1, h1));
        low1 = i32x4.add(i32x4.add(low1, i32x4.dot_i16x8_s(ab1, l0)), i32x4.dot_i16x8_s(cd1, l1));
        p += 12;
        w += 8;
      }
      const out = dst + <usize> (x * 3);
      store3(out, round(high0, low0));
      store3(out + nextOut, round(high1, low1));
    }
    dst += 2 * stride;
  }
}

/** src (input, stride) → dst (output, stride); up to 15 bytes after a row are waste that the next row overwrites. */
export function vertical(src: usize, stride: i32, spans: usize, weights: usize, taps: i32, output: i32, dst: usize): void {
  const zero = i32x4.splat(0), lowOffset = <usize> (output * taps * 2);
  for (let y = 0; y < output; y++) {
    const start = load<i32>(spans + (<usize> y << 3)), count = load<i32>(spans + (<usize> y << 3), 4);
    for (let x = 0; x < stride; x += 16) {
      let w = weights + <usize> (y * taps * 2), p = src + <usize> (start * stride + x);
      let high0 = zero, high1 = zero, high2 = zero, high3 = zero;
      let low0 = zero, low1 = zero, low2 = zero, low3 = zero;
      for (let t = 0; t < count; t += 2) {
        const a = v128.load(p), b = v128.load(p + stride);
        const left = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const right = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const ab0 = i16x8.extend_low_i8x16_u(left), ab1 = i16x8.extend_high_i8x16_u(left);
        const ab2 = i16x8.extend_low_i8x16_u(right), ab3 = i16x8.extend_high_i8x16_u(right);
        const h = v128.load32_splat(w), l = v128.load32_splat(w + lowOffset);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(ab0, h));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(ab1, h));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(ab2, h));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(ab3, h));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(ab0, l));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(ab1, l));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(ab2, l));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(ab3, l));
        p += stride << 1;
        w += 4;
      }
      const to = dst + x;
      v128.store32_lane(to, round(high0, low0), 0);
      v128.store32_lane(to, round(high1, low1), 0, 4);
      v128.store32_lane(to, round(high2, low2), 0, 8);
      v128.store32_lane(to, round(high3, low3), 0, 12);
    }
    dst += stride;
  }
}
