// Features that need no model: what an embedder must beat to be worth its cost.
import { ShapeError } from "../errors.ts";
import { type Features, features } from "./features.ts";

/** Pictures of one size: (R, S, S, 3), 8 bits. */
export interface Pixels {
  size: number;
  values: Uint8Array;
}

const rowsOf = ({ size, values }: Pixels, where: string): number => {
  const rows = values.length / (size * size * 3);
  if (!Number.isInteger(rows) || rows < 1) {
    throw new ShapeError(`${where}: ${values.length} bytes are no pictures of ${size} x ${size} x 3; check the size`);
  }
  return rows;
};

/** Bins a channel of the colour histogram. */
const BINS = 6;

/**
 * Joint colour histogram (R, 216): share of the pixels in each of 6 x 6 x 6 colours, as its square root, because the cosine of two such
 * rows is then the overlap of the histograms (Bhattacharyya).
 *
 * ```ts
 * import { colourHistogram } from "../../mod.ts";
 * const { rows, dim, values } = colourHistogram({ size: 2, values: new Uint8Array(2 * 2 * 2 * 3) }); // two black pictures
 * console.assert(rows === 2 && dim === 216 && values[0] === 1);
 * ```
 */
export function colourHistogram(pixels: Pixels): Features {
  const rows = rowsOf(pixels, "colourHistogram"), dim = BINS ** 3, count = pixels.size ** 2, out = new Float32Array(rows * dim);
  const bin = (value: number) => Math.floor(value * BINS / 256);
  for (let p = 0; p < rows * count; p++) {
    const [r, g, b] = [0, 1, 2].map((c) => bin(pixels.values[3 * p + c]));
    out[Math.floor(p / count) * dim + (r * BINS + g) * BINS + b]++;
  }
  return features(out.map((n) => Math.sqrt(n / count)), dim);
}

/** Pixels a side of the raw picture. */
const SIDE = 16;

/**
 * The picture itself (R, 768): 16 x 16 means of its areas (all pixels of smaller pictures), less the picture's mean colour.
 *
 * ```ts
 * import { rawPixels } from "../../mod.ts";
 * const { dim, values } = rawPixels({ size: 2, values: new Uint8Array(2 * 2 * 3).fill(90) });
 * console.assert(dim === 12 && values.every((value) => value === 0)); // one colour, less the mean colour
 * ```
 */
export function rawPixels(pixels: Pixels): Features {
  const rows = rowsOf(pixels, "rawPixels"), { size, values } = pixels, side = Math.min(SIDE, size), dim = side * side * 3;
  const out = new Float32Array(rows * dim);
  for (let r = 0; r < rows; r++) {
    const row = out.subarray(r * dim, (r + 1) * dim), counts = new Uint32Array(side * side);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const cell = Math.floor(y * side / size) * side + Math.floor(x * side / size);
        counts[cell]++;
        for (let c = 0; c < 3; c++) row[3 * cell + c] += values[3 * ((r * size + y) * size + x) + c] / 255;
      }
    }
    const mean = [0, 0, 0];
    for (let i = 0; i < dim; i++) mean[i % 3] += (row[i] /= counts[Math.floor(i / 3)]) / (side * side);
    for (let i = 0; i < dim; i++) row[i] -= mean[i % 3];
  }
  return features(out, dim);
}
