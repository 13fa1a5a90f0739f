// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// Panels for tile.ts: (k, width) with `width` rows or columns of a matrix side by side, the last panel filled up with zeros.

function fillZero(dst: usize, k: i32, width: i32): void {
  memory.fill(dst, 0, (<usize> k * width) << 2);
}

function row1(src: usize, k: i32, dst: usize, width: i32): void {
  for (let i = 0; i < k; i++) store<f32>(dst + ((<usize> i * width) << 2), load<f32>(src + (<usize> i << 2)));
}

function rows2(src: usize, ld: usize, k: i32, dst: usize, width: i32): void {
  const step = <usize> width << 2, other = src + ld;
  let i = 0;
  for (; i + 4 <= k; i += 4) {
    const a = v128.load(src + (<usize> i << 2)), b = v128.load(other + (<usize> i << 2));
    const low = i32x4.shuffle(a, b, 0, 4, 1, 5), high = i32x4.shuffle(a, b, 2, 6, 3, 7);
    v128.store_lane<i64>(dst, low, 0);
    v128.store_lane<i64>(dst + step, low, 1);
    v128.store_lane<i64>(dst + 2 * step, high, 0);
    v128.store_lane<i64>(dst + 3 * step, high, 1);
    dst += 4 * step;
  }
  for (; i < k; i++) {
    store<f32>(dst, load<f32>(src + (<usize> i << 2)));
    store<f32>(dst, load<f32>(other + (<usize> i << 2)), 4);
    dst += step;
  }
}

function rows4(src: usize, ld: usize, k: i32, dst: usize, width: i32): void {
  const step = <usize> width << 2, s1 = src + ld, s2 = s1 + ld, s3 = s2 + ld;
  let i = 0;
  for (; i + 4 <= k; i += 4) {
    const at = <usize> i << 2;
    const a = v128.load(src + at), b = v128.load(s1 + at), c = v128.load(s2 + at), d = v128.load(s3 + at);
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const AB = i32x4.shuffle(a, b, 2, 6, 3, 7), CD = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(dst, i64x2.shuffle(ab, cd, 0, 2));
    v128.store(dst + step, i64x2.shuffle(ab, cd, 1, 3));
    v128.store(dst + 2 * step, i64x2.shuffle(AB, CD, 0, 2));
    v128.store(dst + 3 * step, i64x2.shuffle(AB, CD, 1, 3));
    dst += 4 * step;
  }
  for (; i < k; i++) {
    const at = <usize> i << 2;
    store<f32>(dst, load<f32>(src + at));
    store<f32>(dst, load<f32>(s1 + at), 4);
    store<f32>(dst, load<f32>(s2 + at), 8);
    store<f32>(dst, load<f32>(s3 + at), 12);
    dst += step;
  }
}

/** One panel from rows: k runs along the row. `valid` rows exist, at distance ld (bytes). */
export function panelOfRows(src: usize, ld: usize, k: i32, dst: usize, width: i32, valid: i32): void {
  if (valid < width) {
    fillZero(dst, k, width);
    for (let r = 0; r < valid; r++) row1(src + <usize> r * ld, k, dst + (<usize> r << 2), width);
    return;
  }
  let r = 0;
  for (; r + 4 <= width; r += 4) rows4(src + <usize> r * ld, ld, k, dst + (<usize> r << 2), width);
  if (r < width) rows2(src + <usize> r * ld, ld, k, dst + (<usize> r << 2), width);
}

/** One panel from columns: k runs down, `valid` values lie side by side, the next k is ld bytes on. */
export function panelOfColumns(src: usize, ld: usize, k: i32, dst: usize, width: i32, valid: i32): void {
  const step = <usize> width << 2;
  if (valid < width) {
    fillZero(dst, k, width);
    for (let i = 0; i < k; i++) memory.copy(dst + <usize> i * step, src + <usize> i * ld, <usize> valid << 2);
    return;
  }
  for (let i = 0; i < k; i++) {
    let j: usize = 0;
    for (; j + 16 <= step; j += 16) v128.store(dst + j, v128.load(src + j));
    if (j < step) store<u64>(dst + j, load<u64>(src + j));
    src += ld;
    dst += step;
  }
}

/** All panels of a matrix with `count` rows (along) or columns (across): panel p at dst + p * k * width floats. */
export function packPanels(src: usize, ld: usize, along: bool, count: i32, k: i32, dst: usize, width: i32): void {
  for (let i = 0; i < count; i += width) {
    const valid = min(width, count - i), to = dst + ((<usize> i * k) << 2);
    if (along) panelOfRows(src + <usize> i * ld, ld, k, to, width, valid);
    else panelOfColumns(src + (<usize> i << 2), ld, k, to, width, valid);
  }
}
