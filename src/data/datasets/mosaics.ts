// Zellige drawn by the program: tilings in random palettes, scales, rotations and light. The motif is the class, so the first run needs no
// download and a probe has something to find that colour alone does not tell. A picture is a function of (seed, split, index).
// deno-lint-ignore-file require-await -- a failure must be a rejection
import { DataError } from "../../errors.ts";
import type { Picture } from "../picture.ts";
import { draws } from "../random.ts";
import type { DataSet, Sample } from "./dataset.ts";
import { type Motif, motifs, type Tile } from "./motifs.ts";

export interface MosaicsOptions {
  /** Pictures in the set; motifs take turns, so every class has as many. */
  length?: number;
  /** Pixels a side. */
  size?: number;
  seed?: number;
  /** Two sets without a common picture. */
  split?: "train" | "test";
}

const names = Object.keys(motifs);

export const mosaics = {
  about: `tilings drawn by the program (${names.length} motifs are the classes); no download`,

  async open({ length = 7000, size = 64, seed = 0, split = "train" }: MosaicsOptions = {}): Promise<DataSet> {
    for (const [name, value, most] of [["length", length, 2 ** 32], ["size", size, 4096]] as const) {
      if (!Number.isInteger(value) || value < 1 || value > most) {
        throw new DataError(`mosaics: ${name} is ${value}; give a whole number from 1 to ${most}`);
      }
    }
    return {
      name: "mosaics",
      length,
      classes: names,
      async read(index: number): Promise<Sample> {
        const label = index % names.length, name = `mosaics/${split}/${names[label]}/${index}`;
        return { name, picture: drawMosaic(motifs[names[label]], size, { seed, split, index }), label };
      },
    };
  },
};

// Glazes of the zellige of Fez and Meknes and some neighbours: four colours each, 0xRRGGBB.
const palettes = [
  [0x1f4e8c, 0xf2ead8, 0x2f7d5b, 0x15202b],
  [0x0b3c5d, 0xe8b04b, 0xf6efe0, 0xa63d2f],
  [0x2a9d8f, 0xf4ecd8, 0xe76f51, 0x264653],
  [0x6b2d5c, 0xf0d9c0, 0xd98324, 0x2e1f27],
  [0x386641, 0xf2e8cf, 0xbc4749, 0xa7c957],
  [0x3a86c8, 0xffffff, 0xf4c95d, 0x22335a],
  [0x8c2f39, 0xf7e1c9, 0x3d5a80, 0xe0a458],
  [0x14746f, 0xd9e8dc, 0x88d4ab, 0x0f3c3b],
  [0xb5651d, 0xf5deb3, 0x5c4033, 0x4a7c8c],
  [0x4b4e6d, 0xc9cba3, 0xe26d5c, 0x723d46],
  [0x222222, 0xeeeae0, 0x8a8a85, 0xc23b22],
  [0x5f7c3a, 0xfaf0ca, 0x0d3b66, 0xee964b],
];

/** Points a pixel side that are averaged against jagged borders. */
const SAMPLES = 2;

/** Draws one picture (size, size) of a motif. */
export function drawMosaic(motif: Motif, size: number, { seed, split, index }: { seed: number; split: string; index: number }): Picture {
  const random = draws({ seed, epoch: 0, index }, `mosaics/${split}`);
  const order = random.permutation(4), glazes = palettes[random.integer(0, palettes.length - 1)];
  const palette = Array.from(order, (k) => rgb(glazes[k]).map((v) => v + random.uniform(-18, 18)));
  const grout = rgb(random.uniform() < 0.6 ? 0xe9e2d3 : 0x2b2724), groutWidth = random.uniform(0.004, 0.035);

  // A rotation by 2 atan(t), within a quarter turn either way; from t, not from an angle, for the same bits everywhere.
  const t = random.uniform(-1, 1), cos = (1 - t * t) / (1 + t * t), sin = 2 * t / (1 + t * t);
  const period = size * random.uniform(0.16, 0.42), stretch = random.uniform(0.9, 1.1);
  const x0 = random.uniform(0, 8), y0 = random.uniform(0, 8);
  const lightX = random.uniform(-0.5, 0.5), lightY = random.uniform(-0.5, 0.5), brightness = random.uniform(0.8, 1.1);
  const uneven = random.uniform(0.02, 0.16), noise = random.uniform(0, 14), salt = random.integer(0, 2 ** 31);

  const pixels = new Uint8Array(size * size * 3), tile: Tile = { a: 0, b: 0, colour: 0, edge: 0 }, sum = [0, 0, 0];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      sum.fill(0);
      for (let s = 0; s < SAMPLES * SAMPLES; s++) {
        const px = (column + (s % SAMPLES + 0.5) / SAMPLES - size / 2) / period;
        const py = (row + (Math.floor(s / SAMPLES) + 0.5) / SAMPLES - size / 2) / period * stretch;
        motif(x0 + cos * px - sin * py, y0 + sin * px + cos * py, tile);
        const onGrout = tile.edge < groutWidth, colour = onGrout ? grout : palette[tile.colour];
        // Hand-made tiles: each fired a little darker or lighter, and rounded off towards the border.
        const glaze = onGrout
          ? 1
          : 1 + uneven * (2 * hash(tile.a, tile.b, salt) - 1) - 0.12 * Math.max(0, 1 - tile.edge / (3 * groutWidth));
        for (let c = 0; c < 3; c++) sum[c] += colour[c] * glaze;
      }
      const light = brightness * (1 + lightX * (column / size - 0.5) + lightY * (row / size - 0.5)) / (SAMPLES * SAMPLES);
      const grain = noise * (hash(column, row, salt + 1) - 0.5);
      const at = 3 * (row * size + column);
      for (let c = 0; c < 3; c++) pixels[at + c] = Math.min(255, Math.max(0, Math.floor(sum[c] * light + grain + 0.5)));
    }
  }
  return { width: size, height: size, pixels };
}

const rgb = (colour: number) => [colour >> 16, colour >> 8 & 255, colour & 255];

/** A number in [0, 1) for a tile or a pixel: cheap, and in no order. */
function hash(a: number, b: number, salt: number): number {
  let h = Math.imul(Math.floor(2 * a) ^ salt, 0x85ebca6b) ^ Math.imul(Math.floor(2 * b) + salt, 0xc2b2ae35);
  h = Math.imul(h ^ h >>> 15, 0x2c1b3c6d);
  h = Math.imul(h ^ h >>> 12, 0x297a2d39);
  return ((h ^ h >>> 15) >>> 0) / 2 ** 32;
}
