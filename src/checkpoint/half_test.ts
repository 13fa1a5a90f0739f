import { expect, test } from "bun:test";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "./half.ts";

const every = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value of a binary16 pattern, by its definition. */
function valueOfF16(h: number): number {
  const sign = h & 0x8000 ? -1 : 1, exponent = (h >> 10) & 31, mantissa = h & 0x3ff;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 25) * (1024 + mantissa) : sign * 2 ** -24 * mantissa;
}

/** A NaN comes back with its quiet bit set, everything else as it was. */
function expectSamePatterns(got: Uint16Array, values: Float32Array, quietBit: number) {
  let wrong = 0;
  for (let h = 0; h < 65536; h++) if (got[h] !== (Number.isNaN(values[h]) ? h | quietBit : h)) wrong++;
  expect(wrong).toBe(0);
}

test("f16ToF32() gives every pattern its value", () => {
  const values = f16ToF32(every);
  let wrong = 0;
  for (let h = 0; h < 65536; h++) if (!Object.is(values[h], valueOfF16(h))) wrong++;
  expect(wrong).toBe(0);
});

test("f32ToF16() returns every pattern from its value, NaN payloads included", () => {
  const values = f16ToF32(every);
  expectSamePatterns(f32ToF16(values), values, 0x200);
});

test("f32ToF16() rounds to nearest, ties to even, between every pair of neighbours", () => {
  let wrong = 0;
  for (const sign of [0, 0x8000]) {
    for (let h = 0; h < 0x7c00; h++) {
      const low = valueOfF16(h | sign), high = h === 0x7bff ? (sign ? -65536 : 65536) : valueOfF16((h + 1) | sign);
      const middle = (low + high) / 2, step = Math.abs(high - low) / 2 ** 11;
      const [below, tie, above] = f32ToF16(
        Float32Array.of(middle - Math.sign(high - low) * step, middle, middle + Math.sign(high - low) * step),
      );
      if (below !== (h | sign) || tie !== ((h + (h & 1)) | sign) || above !== ((h + 1) | sign)) wrong++;
    }
  }
  expect(wrong).toBe(0);
});

test("f32ToF16() overflows to infinity and underflows to signed zero", () => {
  const got = f32ToF16(Float32Array.of(65519.99, 65520, -1e30, Infinity, 2 ** -25, -(2 ** -25), 1e-40, -0, NaN));
  expect([...got]).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7c00, 0, 0x8000, 0, 0x8000, 0x7e00]);
});

test("bf16ToF32() and f32ToBf16() undo each other for every pattern", () => {
  const values = bf16ToF32(every);
  const bits = new Uint32Array(values.buffer);
  expect(bits.every((b, h) => b === (h << 16) >>> 0)).toBe(true);
  expectSamePatterns(f32ToBf16(values), values, 0x40);
});

test("f32ToBf16() rounds to nearest, ties to even, and never turns a NaN into an infinity", () => {
  const bits = Uint32Array.of(0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7fffff, 0x7f800001, 0xff800001);
  expect([...f32ToBf16(new Float32Array(bits.buffer))]).toEqual([0x3f80, 0x3f82, 0x3f81, 0x3f80, 0x7f80, 0x7fc0, 0xffc0]);
});

test("f32ToF16() agrees with the runtime's own Float16Array where it has one", () => {
  const Float16 = (globalThis as { Float16Array?: new (values: Float32Array) => { buffer: ArrayBuffer } }).Float16Array;
  if (!Float16) return console.log("no Float16Array in this runtime");
  let seed = 7;
  const bits = Uint32Array.from({ length: 200_000 }, () => seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
  for (let i = 0; i < bits.length; i += 2) bits[i] = (bits[i] & 0x80ffffff) | (0x33 + (bits[i] >>> 24) % 0x15) << 24; // within a half's range
  const values = new Float32Array(bits.buffer).filter((v) => !Number.isNaN(v));
  expect(f32ToF16(values)).toEqual(new Uint16Array(new Float16(values).buffer));
});
