// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// y = softmax((x + g) * scale) along K of (B, K, S), four neighbouring columns at a time. g is nothing, a tensor, or Gumbel noise drawn by
// the rule of kernels/random/words.ts: value k of column n is word k % 4 of block n * ceil(K / 4) + k / 4.

import { exp4, loadPart, madd, storePart } from "./simd";
import { take } from "./team";

/** Written by the host (../columns.ts) in this order. */
@unmanaged
export class Columns {
  kernel: i32;
  x: usize;
  y: usize;
  noise: usize; // like x; 0: none, or drawn
  drawn: i32;
  seed: i32;
  step: i32;
  stream: i32;
  B: i32;
  K: i32;
  S: i32;
  scale: f32;
}

// ln(1 + f) = f - f²/2 + f³ q(f), q interpolated at Chebyshev nodes over 1/√2 - 1 <= f <= √2 - 1
const LOG = memory.data<f32>([-0.0790274367, 0.126223192, -0.129981831, 0.142144963, -0.166412815, 0.200010449, -0.25000307, 0.333333313]);

/** ln(x) of normal x > 0, relative error below 3e-7 away from 1, absolute error below 3e-7 of |x - 1| near it. */
function log4(x: v128): v128 {
  const shifted = i32x4.sub(x, i32x4.splat(0x3f3504f3)); // the bits of √(1/2): below it the exponent is one less
  const exponent = i32x4.shr_s(shifted, 23), e = f32x4.convert_i32x4_s(exponent);
  const f = f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), f32x4.splat(1)), square = f32x4.mul(f, f);
  let q = madd(v128.load_splat<f32>(LOG), f, v128.load_splat<f32>(LOG, 4));
  q = madd(q, f, v128.load_splat<f32>(LOG, 8));
  q = madd(q, f, v128.load_splat<f32>(LOG, 12));
  q = madd(q, f, v128.load_splat<f32>(LOG, 16));
  q = madd(q, f, v128.load_splat<f32>(LOG, 20));
  q = madd(q, f, v128.load_splat<f32>(LOG, 24));
  q = madd(q, f, v128.load_splat<f32>(LOG, 28));
  // ln 2 in two parts: e times the first is exact
  let low = madd(f32x4.mul(square, f), q, f32x4.mul(e, f32x4.splat(-0.00021219444)));
  low = madd(square, f32x4.splat(-0.5), low);
  return f32x4.add(f32x4.mul(e, f32x4.splat(0.693359375)), f32x4.add(f, low));
}

/** -ln(-ln U), U from the upper 23 bits of a word. */
function gumbel4(word: v128): v128 {
  const u = f32x4.mul(f32x4.add(f32x4.convert_i32x4_u(i32x4.shr_u(word, 9)), f32x4.splat(0.5)), f32x4.splat(1.1920928955078125e-7));
  return f32x4.neg(log4(f32x4.neg(log4(u))));
}

// Philox 4x32-10 (src/philox.ts) of four counters at a time: words of one counter lie in the same lane of the four vectors.
let w0: v128 = i32x4.splat(0), w1: v128 = i32x4.splat(0), w2: v128 = i32x4.splat(0), w3: v128 = i32x4.splat(0);

function philox4(block: v128, job: Columns): void {
  const m0 = i32x4.splat(<i32> 0xd2511f53), m1 = i32x4.splat(<i32> 0xcd9e8d57);
  let c0 = block, c1 = i32x4.splat(0), c2 = i32x4.splat(job.step), c3 = i32x4.splat(job.stream);
  let k0 = i32x4.splat(job.seed), k1 = i32x4.splat(0x5a454c4c);
  for (let round = 0; round < 10; round++) {
    const a = i64x2.extmul_low_i32x4_u(c0, m0), b = i64x2.extmul_high_i32x4_u(c0, m0);
    const c = i64x2.extmul_low_i32x4_u(c2, m1), d = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), c1), k0);
    c2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), c3), k1);
    c1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
    c3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    k0 = i32x4.add(k0, i32x4.splat(<i32> 0x9e3779b9));
    k1 = i32x4.add(k1, i32x4.splat(<i32> 0xbb67ae85));
  }
  w0 = c0;
  w1 = c1;
  w2 = c2;
  w3 = c3;
}

/** Columns s to s + n (4 count) of picture b: n is 1 or more. */
function columnGroup(job: Columns, b: i32, s: i32, n: i32): void {
  const K = job.K, row = <usize> job.S << 2, first = (<usize> b * K * job.S + s) << 2, scale = f32x4.splat(job.scale);
  const blocks = (K + 3) >> 2, column = b * job.S + s;
  const lanes = i32x4.mul(i32x4.add(i32x4.splat(column), i32x4(0, 1, 2, 3)), i32x4.splat(blocks));
  let most = f32x4.splat(-f32.POSITIVE_INFINITY);
  for (let k = 0; k < K; k++) {
    const at = first + <usize> k * row;
    let z = loadPart(job.x + at, n, 0);
    if (job.drawn) {
      if ((k & 3) == 0) philox4(i32x4.add(lanes, i32x4.splat(k >> 2)), job);
      z = f32x4.add(z, gumbel4((k & 3) == 0 ? w0 : (k & 3) == 1 ? w1 : (k & 3) == 2 ? w2 : w3));
    } else if (job.noise) z = f32x4.add(z, loadPart(job.noise + at, n, 0));
    z = f32x4.mul(z, scale);
    storePart(job.y + at, z, n);
    most = f32x4.max(most, z);
  }
  let sum = f32x4.splat(0);
  for (let k = 0; k < K; k++) {
    const at = job.y + first + <usize> k * row, e = exp4(f32x4.sub(loadPart(at, n, 0), most));
    storePart(at, e, n);
    sum = f32x4.add(sum, e);
  }
  const factor = f32x4.div(f32x4.splat(1), sum);
  for (let k = 0; k < K; k++) {
    const at = job.y + first + <usize> k * row;
    storePart(at, f32x4.mul(loadPart(at, n, 0), factor), n);
  }
}

export function columns(job: Columns): void {
  const groups = (job.S + 3) >> 2, units = job.B * groups;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const s = (unit % groups) << 2;
    columnGroup(job, unit / groups, s, min(4, job.S - s));
  }
}
