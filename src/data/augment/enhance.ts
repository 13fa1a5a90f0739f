// Brightness, contrast, saturation and sharpness as PIL's ImageEnhance: the picture is blended with a version that lacks the quality, in
// single precision, then clipped and cut to whole numbers. Equal to Pillow to the bit.

import type { Picture } from "../picture.ts";

export type Quality = "brightness" | "contrast" | "saturation" | "sharpness";

/** `picture` with `factor` times the quality: 0 takes it away, 1 changes nothing, above 1 there is more of it. */
export function enhance(picture: Picture, quality: Quality, factor: number): Picture {
  switch (quality) {
    case "brightness":
      return mapLevels(picture, blendTable(0, factor));
    case "contrast":
      return mapLevels(picture, blendTable(meanLuma(picture), factor));
    case "saturation":
      return saturation(picture, factor);
    case "sharpness":
      return sharpness(picture, factor);
  }
}

/** Every byte through a table of 256, or of 256 for each channel in turn. */
export function mapLevels({ width, height, pixels }: Picture, table: Uint8Array): Picture {
  const out = new Uint8Array(pixels.length);
  if (table.length === 256) { for (let i = 0; i < pixels.length; i++) out[i] = table[pixels[i]]; }
  else {
    for (let i = 0; i < pixels.length; i += 3) {
      out[i] = table[pixels[i]];
      out[i + 1] = table[256 + pixels[i + 1]];
      out[i + 2] = table[512 + pixels[i + 2]];
    }
  }
  return { width, height, pixels: out };
}

/** from + factor * (to - from), each step rounded to single precision as Pillow's C does. `factor` must be single precision. */
function blend(from: number, to: number, factor: number): number {
  const value = Math.fround(from + Math.fround(factor * (to - from)));
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
}

function blendTable(from: number, factor: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, to) => blend(from, to, Math.fround(factor)));
}

/** Rec. 601 luma in 16-bit fixed point, as PIL's convert("L"). */
const luma = (r: number, g: number, b: number) => (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;

function meanLuma({ pixels }: Picture): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 3) sum += luma(pixels[i], pixels[i + 1], pixels[i + 2]);
  return Math.trunc(sum / (pixels.length / 3) + 0.5);
}

function saturation({ width, height, pixels }: Picture, factor: number): Picture {
  const out = new Uint8Array(pixels.length), f = Math.fround(factor);
  for (let i = 0; i < pixels.length; i += 3) {
    const r = pixels[i], g = pixels[i + 1], b = pixels[i + 2], grey = luma(r, g, b);
    out[i] = blend(grey, r, f);
    out[i + 1] = blend(grey, g, f);
    out[i + 2] = blend(grey, b, f);
  }
  return { width, height, pixels: out };
}

/**
 * Blends with the picture smoothed by (1 1 1, 1 5 1, 1 1 1) / 13; the outermost pixels stay as they are. Whole numbers give what Pillow's
 * single precision gives: a sum of thirteenths is never nearer than 1/26 to a half.
 */
function sharpness({ width, height, pixels }: Picture, factor: number): Picture {
  const out = pixels.slice(), f = Math.fround(factor), stride = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * stride + 3; i < (y + 1) * stride - 3; i++) {
      let sum = 4 * pixels[i];
      for (let row = i - stride; row <= i + stride; row += stride) sum += pixels[row - 3] + pixels[row] + pixels[row + 3];
      out[i] = blend(Math.floor((2 * sum + 13) / 26), pixels[i], f);
    }
  }
  return { width, height, pixels: out };
}
