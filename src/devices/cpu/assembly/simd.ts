// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// Four floats at a time: fused multiply-add where the build has it, exp, the normal distribution's tail, loads and stores of a row's end.

/** a * b + c */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// In memory, since V8 takes four instructions to make a constant of four floats and one to load it.
const EXP = memory.data<f32>([88.4, -87.3, 12582912, 1.44269504, 0.693359375, -0.00021219444]);
const EXP_SERIES = memory.data<f32>([0.0013926184, 0.008363179, 0.041666556, 0.16666576, 0.5, 1]);
const TAIL = memory.data<f32>([0.02614850923, -0.09912721813, 0.1011234522, -0.01355132274, 0.07598284632]);
const TAIL_REST = memory.data<f32>([0.08284554631, 0.1031788364, 0.1116955131, 0.1117038876, 0.28, 1]);
const NORMAL = memory.data<f32>([-0.5, 0.3989422804, 1, 1e18, -1e18]);

function constant(table: usize, index: usize): v128 {
  return v128.load_splat<f32>(table + (index << 2));
}

/** exp(x), relative error below 2e-7; 0 below -87.3, where denormal (and slow) numbers would begin, infinite above 88.3, NaN stays NaN. */
export function exp4(x: v128): v128 {
  // pmin and pmax return the first operand when a comparison with NaN fails
  const tiny = f32x4.lt(x, constant(EXP, 1));
  x = f32x4.pmax(f32x4.pmin(x, constant(EXP, 0)), constant(EXP, 1));
  const rounder = constant(EXP, 2); // 12582912 = 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const shifted = f32x4.add(f32x4.mul(x, constant(EXP, 3)), rounder);
  const n = f32x4.sub(shifted, rounder);
  // ln 2 in two parts: n times the first is exact
  let r = f32x4.sub(x, f32x4.mul(n, constant(EXP, 4)));
  r = f32x4.sub(r, f32x4.mul(n, constant(EXP, 5)));
  // exp(r) = 1 + r + r² q(r), q interpolated at Chebyshev nodes over |r| <= ln 2 / 2
  let q = madd(constant(EXP_SERIES, 0), r, constant(EXP_SERIES, 1));
  q = madd(q, r, constant(EXP_SERIES, 2));
  q = madd(q, r, constant(EXP_SERIES, 3));
  q = madd(q, r, constant(EXP_SERIES, 4));
  const p = f32x4.add(madd(f32x4.mul(r, r), q, r), constant(EXP_SERIES, 5));
  const power = i32x4.shl(i32x4.sub(shifted, i32x4.splat(0x4b400000 - 127)), 23);
  return v128.andnot(f32x4.mul(p, power), tiny);
}

/** ln(x) for normal x > 0 (in double precision), -infinity for 0, NaN for less. */
export function log1(x: f32): f32 {
  if (!(x > 0) || x == f32.POSITIVE_INFINITY) return x == 0 ? -f32.POSITIVE_INFINITY : x > 0 ? x : f32.NaN;
  const bits = reinterpret<u64>(<f64> x);
  let exponent = <i32> (bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  // ln m = 2 artanh(s)
  const s = (m - 1) / (m + 1), z = s * s;
  const series = 1 + z * (1. / 3 + z * (1. / 5 + z * (1. / 7 + z * (1. / 9 + z * (1. / 11)))));
  return <f32> (2 * s * series + <f64> exponent * 0.6931471805599453);
}

/** With X normal: P(X > x) / exp(-x²/2) for x >= 0, relative error below 4e-7. A polynomial in 1 / (1 + 0.28 x), at Chebyshev nodes. */
function tail4(x: v128): v128 {
  const one = constant(TAIL_REST, 5), t = f32x4.div(one, madd(x, constant(TAIL_REST, 4), one));
  let p = madd(constant(TAIL, 0), t, constant(TAIL, 1));
  p = madd(p, t, constant(TAIL, 2));
  p = madd(p, t, constant(TAIL, 3));
  p = madd(p, t, constant(TAIL, 4));
  p = madd(p, t, constant(TAIL_REST, 0));
  p = madd(p, t, constant(TAIL_REST, 1));
  p = madd(p, t, constant(TAIL_REST, 2));
  p = madd(p, t, constant(TAIL_REST, 3));
  return f32x4.mul(p, t);
}

function bell4(x: v128): v128 {
  return exp4(f32x4.mul(f32x4.mul(x, x), constant(NORMAL, 0)));
}

/** The normal distribution function at x, from exp(-x²/2). For x < 0 the tail itself, so that nothing cancels. */
function normal4(x: v128, bell: v128): v128 {
  const tail = f32x4.mul(tail4(f32x4.abs(x)), bell);
  return v128.bitselect(tail, f32x4.sub(constant(NORMAL, 2), tail), f32x4.lt(x, f32x4.splat(0)));
}

/** x * Φ(x), exact form: Φ(x) = (1 + erf(x / √2)) / 2. */
export function gelu4(x: v128): v128 {
  // -infinity would give -infinity * 0
  x = f32x4.pmax(x, constant(NORMAL, 4));
  return f32x4.mul(x, normal4(x, bell4(x)));
}

/** d gelu / dx = Φ(x) + x φ(x). */
export function geluSlope4(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, constant(NORMAL, 3)), constant(NORMAL, 4));
  const bell = bell4(x);
  return madd(f32x4.mul(x, bell), constant(NORMAL, 1), normal4(x, bell));
}

/** max(x, 0); NaN stays NaN. */
export function relu4(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

function loadTail(p: usize, n: i32, rest: f32): v128 {
  let v = f32x4.replace_lane(f32x4.splat(rest), 0, load<f32>(p));
  if (n > 1) v = f32x4.replace_lane(v, 1, load<f32>(p, 4));
  if (n > 2) v = f32x4.replace_lane(v, 2, load<f32>(p, 8));
  return v;
}

/** The first n (1 or more, 4 count) floats at p, the rest `rest`: never reads past them. Small enough to be inlined. */
export function loadPart(p: usize, n: i32, rest: f32): v128 {
  return n >= 4 ? v128.load(p) : loadTail(p, n, rest);
}

function storeTail(p: usize, v: v128, n: i32): void {
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (n > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (n > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}

/** Writes the first n (1 or more, 4 count) floats of v. */
export function storePart(p: usize, v: v128, n: i32): void {
  if (n >= 4) v128.store(p, v);
  else storeTail(p, v, n);
}

/** The sum of the four, pairs first. */
export function sum1(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2)) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

/** The largest of the four; NaN if one is. */
export function max1(v: v128): f32 {
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 2)), max(f32x4.extract_lane(v, 1), f32x4.extract_lane(v, 3)));
}
