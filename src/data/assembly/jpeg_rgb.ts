// @ts-nocheck AssemblyScript: build.ts compiles it to WASM with SIMD, TypeScript does not know its types.
//
// From the planes of a JPEG to red, green and blue, as libjpeg with its defaults: chroma of half size is interpolated with weights 3 and 1
// ("fancy upsampling"), each direction with its own way to round; colours in 16-bit fixed point.

/** sums (n + 2) i16 at `sums`, the outer two repeating their neighbours: near * 3 + far of each sample, or near alone where far is 0. */
function columnSums(near: usize, far: usize, n: i32, sums: usize): void {
  for (let x: usize = 0; x < <usize> n; x += 8) {
    const a = v128.load8x8_u(near + x);
    const sum = far ? i16x8.add(i16x8.mul(a, i16x8.splat(3)), v128.load8x8_u(far + x)) : a;
    v128.store(sums + 2 + 2 * x, sum);
  }
  const last = sums + 2 * <usize> n;
  store<u16>(sums, load<u16>(sums, 2));
  store<u16>(last, load<u16>(last), 2);
}

/** (n + 2) sums → 2 n samples at dst, and waste to the next 16: left * 1 + this * 3, this * 3 + right * 1, each with its rounding. */
function doubled(sums: usize, n: i32, dst: usize, roundLeft: i32, roundRight: i32, shift: i32): void {
  const l = i16x8.splat(<i16> roundLeft), r = i16x8.splat(<i16> roundRight);
  for (let x: usize = 0; x < <usize> n; x += 8) {
    const three = i16x8.mul(v128.load(sums + 2 * x, 2), i16x8.splat(3));
    const even = i16x8.shr_u(i16x8.add(i16x8.add(three, v128.load(sums + 2 * x)), l), shift);
    const odd = i16x8.shr_u(i16x8.add(i16x8.add(three, v128.load(sums + 2 * x, 4)), r), shift);
    v128.store(dst + 2 * x, v128.or(even, i16x8.shl(odd, 8)));
  }
}

/** One row of a plane of half the width, and of half the height if `v` is 2, as row `y` of the picture. */
function upsampled(plane: usize, stride: usize, n: i32, rows: i32, y: i32, v: i32, sums: usize, dst: usize): void {
  const near = v == 2 ? y >> 1 : y;
  if (v == 2) {
    const far = max(0, min(rows - 1, y & 1 ? near + 1 : near - 1));
    columnSums(plane + <usize> near * stride, plane + <usize> far * stride, n, sums);
    doubled(sums, n, dst, 8, 7, 4);
  } else {
    columnSums(plane + <usize> near * stride, 0, n, sums);
    doubled(sums, n, dst, 1, 2, 2);
  }
}

/** Pairs of i16 times pairs of constants, summed, by 2^16 rounded to nearest: 8 of them. */
// @ts-ignore: decorator

function scaled(low: v128, high: v128, factors: v128): v128 {
  const half = i32x4.splat(32768);
  const a = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(low, factors), half), 16);
  const b = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(high, factors), half), 16);
  return i16x8.narrow_i32x4_s(a, b);
}

/** Rows of luma and chroma, `width` samples → (width, 3) bytes at dst, and up to 23 of waste. */
function colours(luma: usize, blueness: usize, redness: usize, width: i32, dst: usize): void {
  for (let x: usize = 0; x < <usize> width; x += 8, dst += 24) {
    const y = v128.load8x8_u(luma + x), centre = i16x8.splat(128);
    const cb = i16x8.sub(v128.load8x8_u(blueness + x), centre), cr = i16x8.sub(v128.load8x8_u(redness + x), centre);
    const low = i8x16.shuffle(cb, cr, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
    const high = i8x16.shuffle(cb, cr, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
    // 1.402, -0.34414 and -0.71414, 1.772 times 2^16, less what whole multiples of the sample stand for: the rest has 16 bits.
    const r = i16x8.add(i16x8.add(y, cr), scaled(low, high, i32x4.splat(26345 << 16)));
    const g = i16x8.add(i16x8.sub(y, cr), scaled(low, high, i32x4.splat((18734 << 16) | (-22554 & 0xffff))));
    const b = i16x8.add(i16x8.add(y, i16x8.shl(cb, 1)), scaled(low, high, i32x4.splat(-14942 & 0xffff)));
    const rg = i8x16.narrow_i16x8_u(r, g), bb = i8x16.narrow_i16x8_u(b, b);
    v128.store(dst, i8x16.shuffle(rg, bb, 0, 8, 16, 1, 9, 17, 2, 10, 18, 3, 11, 19, 4, 12, 20, 5));
    v128.store64_lane(dst, i8x16.shuffle(rg, bb, 13, 21, 6, 14, 22, 7, 15, 23, 0, 0, 0, 0, 0, 0, 0, 0), 0, 16);
  }
}

/**
 * Planes of luma and two of chroma, whose samples cover h x v pixels → (height, width, 3) bytes at dst and up to 23 of waste. `work` takes
 * three times width + 63 bytes.
 */
export function planesToRgb(
  luma: usize,
  stride: usize,
  blueness: usize,
  redness: usize,
  chromaStride: usize,
  h: i32,
  v: i32,
  width: i32,
  height: i32,
  work: usize,
  dst: usize,
): void {
  const n = (width + 1) >> 1, rows = v == 2 ? (height + 1) >> 1 : height, room = <usize> (width + 63 & ~15);
  const cb = work + room, cr = cb + room;
  for (let y = 0; y < height; y++, dst += <usize> (width * 3)) {
    const here = luma + <usize> y * stride;
    if (h == 2) {
      upsampled(blueness, chromaStride, n, rows, y, v, work, cb);
      upsampled(redness, chromaStride, n, rows, y, v, work, cr);
      colours(here, cb, cr, width, dst);
    } else colours(here, blueness + <usize> y * chromaStride, redness + <usize> y * chromaStride, width, dst);
  }
}
