// Philox 4x32-10: a counter-based random generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
//
// A block of 128 random bits is a pure function of a 128-bit counter and a 64-bit key, so that a draw can be repeated
// from its name alone: no state to save, no order to keep. Kernels use the same function.

/** High 32 bits of the unsigned 64-bit product. Every step is of 32-bit integers that wrap: engines then need no floating point. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const low = Math.imul(a0, b0), mid = (Math.imul(a1, b0) + (low >>> 16)) | 0; // both below 2^32
  const carry = (Math.imul(a0, b1) + (mid & 0xffff)) | 0;
  return (Math.imul(a1, b1) + (mid >>> 16) + (carry >>> 16)) | 0;
}

/**
 * The random block of `counter` (4 words) under `key` (2 words): 4 unsigned 32-bit words, in `out` where it is given.
 * Equal arguments give equal words in every runtime.
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array = new Uint32Array(4)): Uint32Array {
  let c0 = counter[0] | 0, c1 = counter[1] | 0, c2 = counter[2] | 0, c3 = counter[3] | 0;
  let k0 = key[0] | 0, k1 = key[1] | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0), low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2), low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}
