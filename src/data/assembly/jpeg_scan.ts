// @ts-nocheck AssemblyScript: build.ts compiles it to WASM with SIMD, TypeScript does not know its types.
//
// The entropy-coded part of a baseline JPEG (ITU-T T.81, annex F), for files that are whole: at the first thing an encoder would not have
// written every function answers 0, and libjpeg decides what such a file is worth (../decode/baseline.ts).

import { flat, idct } from "./jpeg_idct.ts";

/** Bits that one look into a table takes. */
const LOOK = 10;
/** Bytes of a table: LOOK-bit entries; for each length of code to 16 the first 16-bit code that is longer, and the symbol's place. */
const LIMITS: usize = 4 << LOOK, PLACES: usize = LIMITS + 4 * 17, SYMBOLS: usize = PLACES + 4 * 17;
/** Marks an entry whose value is not in it. */
const OPEN = 0x40;

/**
 * A table for the 16 counts and the symbols at `spec`. An entry is 0 where the code is longer than LOOK; else its bits 0 to 5 are the
 * bits taken, 8 to 15 the symbol and, if the value lay within LOOK bits too, 16 to 31 that value.
 */
export function huffmanTable(spec: usize, table: usize, ac: bool): bool {
  memory.fill(table, 0, LIMITS);
  let code = 0, place = 0;
  for (let length = 1; length <= 16; length++) {
    const count = <i32> load<u8>(spec + length - 1);
    store<i32>(table + PLACES + 4 * length, place - code);
    for (let n = 0; n < count; n++, code++, place++) {
      const symbol = <i32> load<u8>(spec + 16 + place), size = symbol & 15;
      if (code >= 1 << length || (!ac && symbol > 15)) return false;
      store<u8>(table + SYMBOLS + place, symbol);
      const rest = LOOK - length;
      for (let tail = 0; rest >= 0 && tail < 1 << rest; tail++) {
        let entry = length | symbol << 8 | OPEN;
        if (size > 0 ? size <= rest : !ac) entry = length + size | symbol << 8 | extend(tail >> (rest - size), size) << 16;
        store<i32>(table + 4 * (code << rest | tail), entry);
      }
    }
    store<i32>(table + LIMITS + 4 * length, code << (16 - length));
    code <<= 1;
  }
  return true;
}

/** The number that `size` bits stand for. */
// @ts-ignore: decorator

function extend(value: i32, size: i32): i32 {
  return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/**
 * Takes the zeros after 0xff out of the data from src to `end`, to dst. Writes where each restart interval ends in dst to the list at
 * `ends`, at most `most` of them; returns their number, or 0 unless the data ends with an end marker.
 */
export function unstuff(src: usize, end: usize, dst: usize, ends: usize, most: i32): i32 {
  const mark = i8x16.splat(-1);
  for (let n = 0; n < most;) {
    while (src + 16 <= end) {
      const sixteen = v128.load(src);
      if (v128.any_true(i8x16.eq(sixteen, mark))) break;
      v128.store(dst, sixteen);
      src += 16;
      dst += 16;
    }
    // One 0xff, or the last bytes, on the way.
    for (const stop = min(src + 16, end); src < stop;) {
      const byte = load<u8>(src++);
      store<u8>(dst++, byte);
      if (byte != 0xff) continue;
      if (src >= end) return 0;
      const code = load<u8>(src++);
      if (code == 0) continue;
      store<usize>(ends + 4 * n++, --dst);
      if (code == 0xd9) return n;
      if (code != 0xd0 + (n - 1 & 7) || n == most) return 0;
    }
    if (src >= end) return 0;
  }
  return 0;
}

// The reader: the next bits of the data, from the highest down; how many there are at least; where the ones after them lie.
let bits: u64 = 0, count = 0, at: usize = 0;

/** 56 bits or more. The bytes that a load takes beyond are taken again by the next. */
// @ts-ignore: decorator

function refilled(bits: u64, count: i32, at: usize): u64 {
  const eight = v128.load64_zero(at);
  return bits | <u64> i64x2.extract_lane(i8x16.shuffle(eight, eight, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0) >> count;
}

/** The entry for a code longer than LOOK, or 0. */
function longCode(table: usize, bits: u64): i32 {
  const code = <i32> (bits >> 48);
  for (let length = LOOK + 1; length <= 16; length++) {
    if (code >= load<i32>(table + LIMITS + 4 * length)) continue;
    const place = (code >> (16 - length)) + load<i32>(table + PLACES + 4 * length);
    return length | <i32> load<u8>(table + SYMBOLS + place) << 8 | OPEN;
  }
  return 0;
}

/** One block's coefficients, in natural order, over zeros. Returns 0 for a fault, 1 if only the first is there, else 2. */
function block(coefficients: usize, dc: usize, ac: usize, before: i32, order: usize): i32 {
  let b = bits, c = count, p = at, kind = 1;
  for (let k = 0; k < 64;) {
    if (c < 32) {
      b = refilled(b, c, p);
      p += 63 - c >> 3;
      c |= 56;
    }
    const table = k == 0 ? dc : ac;
    let entry = load<i32>(table + <usize> (b >> (64 - LOOK) << 2));
    if (entry == 0) {
      entry = longCode(table, b);
      if (entry == 0) return 0;
    }
    const length = entry & 63, size = entry >> 8 & 15;
    b <<= length;
    c -= length;
    let value = entry >> 16;
    if (entry & OPEN) {
      if (size == 0 && k > 0) {
        if ((entry >> 12 & 15) != 15) break;
        k += 16;
        continue;
      }
      value = extend(<i32> (b >> 1 >> (63 - size)), size);
      b <<= size;
      c -= size;
    }
    if (k == 0) store<i16>(coefficients, before + value);
    else {
      k += entry >> 12 & 15;
      if (k > 63) return 0;
      store<i16>(coefficients + <usize> load<u8>(order + k) * 2, value);
      kind = 2;
    }
    k++;
  }
  bits = b;
  count = c;
  at = p;
  return kind;
}

/** A component as 8 numbers: blocks across and down in a unit, quantisers, tables, plane, its stride; the last is for the DC so far. */
const COMPONENT: usize = 32;

/**
 * The samples of all components, into their planes; `across` x `down` units of data at `data`, in restart intervals of `interval` units
 * (0: one) that end where the list at `ends` says. `work` are 640 bytes.
 */
export function scan(
  components: usize,
  number: i32,
  across: i32,
  down: i32,
  data: usize,
  ends: usize,
  interval: i32,
  order: usize,
  work: usize,
): bool {
  const coefficients = work + 512, last = components + <usize> number * COMPONENT;
  let left = 0, end = data;
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++, left--) {
      if (left == 0 && (interval > 0 || end == data)) {
        if (end != data && !used(end)) return false;
        bits = 0;
        count = 0;
        at = end;
        end = load<usize>(ends);
        ends += 4;
        left = interval;
        for (let c = components; c < last; c += COMPONENT) store<i32>(c, 0, 28);
      }
      for (let c = components; c < last; c += COMPONENT) {
        const h = load<i32>(c), v = load<i32>(c, 4), quantisers = load<usize>(c, 8), stride = load<usize>(c, 24);
        for (let j = 0; j < v; j++) {
          for (let i = 0; i < h; i++) {
            for (let n: usize = 0; n < 128; n += 16) v128.store(coefficients + n, i32x4.splat(0));
            const kind = block(coefficients, load<usize>(c, 12), load<usize>(c, 16), load<i32>(c, 28), order);
            if (kind == 0 || at > end + 8) return false;
            const first = <i32> load<i16>(coefficients);
            store<i32>(c, first, 28);
            const dst = load<usize>(c, 20) + <usize> (y * v + j) * 8 * stride + <usize> (x * h + i) * 8;
            if (kind == 1) flat(first * <i32> load<u16>(quantisers), dst, stride);
            else idct(coefficients, quantisers, work, dst, stride);
          }
        }
      }
    }
  }
  return used(end);
}

/** Whether the bits read end within the last byte before `end`. */
function used(end: usize): bool {
  const left = <i32> (end - at) * 8 + count;
  return left >= 0 && left < 8;
}
