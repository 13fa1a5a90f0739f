// Half precision without Float16Array: one path for every runtime, checked against all 65,536 patterns.
// Values move as bit patterns, so the payload of a NaN survives; rounding is to nearest, ties to even.

let f16Table: Uint32Array | undefined;

/** IEEE binary16 patterns → float32 values, exactly. */
export function f16ToF32(patterns: Uint16Array): Float32Array<ArrayBuffer> {
  const table = f16Table ??= Uint32Array.from({ length: 65536 }, (_, h) => widenF16(h));
  const bits = new Uint32Array(patterns.length);
  for (let i = 0; i < bits.length; i++) bits[i] = table[patterns[i]];
  return new Float32Array(bits.buffer);
}

/** float32 values → IEEE binary16 patterns; beyond ±65519.99 they become infinite. */
export function f32ToF16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const patterns = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) patterns[i] = narrowF16(bits[i]);
  return patterns;
}

/** bfloat16 patterns → float32 values, exactly. */
export function bf16ToF32(patterns: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(patterns.length);
  for (let i = 0; i < bits.length; i++) bits[i] = patterns[i] << 16;
  return new Float32Array(bits.buffer);
}

/** float32 values → bfloat16 patterns. */
export function f32ToBf16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const patterns = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i];
    const nan = (x & 0x7fffffff) > 0x7f800000;
    // A NaN whose payload lies in the lost bits must not turn into an infinity: its quiet bit is set.
    patterns[i] = nan ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return patterns;
}

function widenF16(h: number): number {
  const sign = (h & 0x8000) << 16;
  const exponent = (h >>> 10) & 31, mantissa = h & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  const lead = 31 - Math.clz32(mantissa); // a subnormal is mantissa * 2^-24
  return sign | ((lead + 103) << 23) | ((mantissa << (23 - lead)) & 0x7fffff);
}

function narrowF16(x: number): number {
  const sign = (x >>> 16) & 0x8000, magnitude = x & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 is the midpoint between the largest half and infinity
  if (magnitude >= 0x38800000) { // 2^-14, the smallest normal half
    const rebased = magnitude - 0x38000000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const kept = mantissa >>> shift, lost = mantissa & ((1 << shift) - 1), half = 1 << (shift - 1);
  return sign | (kept + (lost > half || (lost === half && (kept & 1) === 1) ? 1 : 0));
}
