// Pillow's resampling weights (Resample.c): a filter stretched by the down factor, cut at the border, normalised in
// double precision and rounded to 22-bit fixed point. Bit-equal weights make bit-equal pictures.

/** Resampling filters, as Pillow names them. Bicubic has a = -0.5, Lanczos three lobes. */
export type Filter = "box" | "bilinear" | "bicubic" | "lanczos";

const filters: Record<Filter, { support: number; weight: (x: number) => number }> = {
  box: { support: 0.5, weight: (x) => x > -0.5 && x <= 0.5 ? 1 : 0 },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(x) {
      const a = -0.5;
      x = Math.abs(x);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0 },
};

function sinc(x: number): number {
  if (x === 0) return 1;
  x *= Math.PI;
  return Math.sin(x) / x;
}

/** 8 bits of pixel and 2 of headroom leave 22 of 32. */
export const PRECISION_BITS = 22;

export interface Coefficients {
  /** Places for weights at each output position: a multiple of 4, the tail filled with 0. */
  taps: number;
  /** (out, 2): the first input position of each output position, and how many positions it takes. */
  spans: Int32Array;
  /** (out, taps) each: a weight times 2^22 is high * 4096 + low, because WASM multiplies pairs of 16 bits at once. */
  high: Int16Array;
  low: Int16Array;
  /** Spans, high and low parts one after the other in memory, as ../assembly/resample.ts reads them. */
  bytes: Uint8Array;
}

/** Crops of photos come in a few hundred lengths; Lanczos weights would else cost a third of a resize. About 10 MB when full. */
const CACHED = 1024;
const cache = new Map<string, Coefficients>();

/** The weights that resample `input` positions to `output` positions. */
export function coefficients(input: number, output: number, filter: Filter): Coefficients {
  const key = `${input} ${output} ${filter}`;
  let found = cache.get(key);
  if (!found) {
    found = compute(input, output, filter);
    if (cache.size === CACHED) cache.clear();
    if (input <= 1024) cache.set(key, found);
  }
  return found;
}

function compute(input: number, output: number, filter: Filter): Coefficients {
  const { support: unit, weight } = filters[filter];
  const scale = input / output, stretch = Math.max(scale, 1), support = unit * stretch;
  const taps = 4 * Math.ceil((Math.ceil(support) * 2 + 1) / 4);
  const spanBytes = 8 * output, n = output * taps, bytes = new Uint8Array(spanBytes + 4 * n), row = new Float64Array(taps);
  const spans = new Int32Array(bytes.buffer, 0, 2 * output);
  const high = new Int16Array(bytes.buffer, spanBytes, n), low = new Int16Array(bytes.buffer, spanBytes + 2 * n, n);
  for (let i = 0; i < output; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(input, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let t = 0; t < count; t++) {
      row[t] = weight((t + first - centre + 0.5) * (1 / stretch));
      sum += row[t];
    }
    spans[2 * i] = first;
    spans[2 * i + 1] = count;
    for (let t = 0; t < count; t++) {
      const w = (sum === 0 ? row[t] : row[t] / sum) * 2 ** PRECISION_BITS;
      const whole = Math.trunc(w < 0 ? w - 0.5 : w + 0.5);
      high[i * taps + t] = whole >> 12;
      low[i * taps + t] = whole & 4095;
    }
  }
  return { taps, spans, high, low, bytes };
}
