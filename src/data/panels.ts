// Pictures made of pictures, for people: sheets, masks, token maps and heat maps. Everything here is a pure function of pixels.
import { DataError } from "../errors.ts";
import type { Colour } from "./decode/rgb.ts";
import type { Picture } from "./picture.ts";

/** One colour everywhere. */
export function blank(width: number, height: number, [r, g, b]: Colour): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i += 3) {
    pixels[i] = r;
    pixels[i + 1] = g;
    pixels[i + 2] = b;
  }
  return { width, height, pixels };
}

/** Every pixel as a square of `factor` pixels, so that small pictures stay sharp on a screen. */
export function enlarge({ width, height, pixels }: Picture, factor: number): Picture {
  const W = width * factor, H = height * factor, out = new Uint8Array(W * H * 3);
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const from = 3 * (Math.floor(y / factor) * width + Math.floor(x / factor));
      out.set(pixels.subarray(from, from + 3), 3 * (y * W + x));
    }
  }
  return { width: W, height: H, pixels: out };
}

/** Pictures of one size in rows of `columns`, `gap` pixels of `background` between them and none around. Throws DataError for mixed sizes. */
export function sheet(
  pictures: readonly Picture[],
  { columns = pictures.length, gap = 4, background = [255, 255, 255] }: { columns?: number; gap?: number; background?: Colour } = {},
): Picture {
  if (!pictures.length) throw new DataError("sheet: no picture was given; give at least one");
  const { width, height } = pictures[0], across = Math.min(columns, pictures.length), rows = Math.ceil(pictures.length / across);
  const out = blank(across * (width + gap) - gap, rows * (height + gap) - gap, background);
  for (const [n, picture] of pictures.entries()) {
    if (picture.width !== width || picture.height !== height) {
      throw new DataError(
        `sheet: picture ${n} is ${picture.width} x ${picture.height}, the first is ${width} x ${height}; bring them to one size`,
      );
    }
    const left = n % across * (width + gap), top = Math.floor(n / across) * (height + gap);
    for (let y = 0; y < height; y++) {
      out.pixels.set(picture.pixels.subarray(3 * y * width, 3 * (y + 1) * width), 3 * ((top + y) * out.width + left));
    }
  }
  return out;
}

/** How a grid of cells lies over a picture. */
export interface Grid {
  rows: number;
  columns: number;
}

function cellOf({ width, height }: Picture, { rows, columns }: Grid, values: ArrayLike<number>, where: string) {
  if (values.length !== rows * columns || width % columns || height % rows) {
    throw new DataError(
      `${where}: ${values.length} values do not lie as ${rows} x ${columns} cells over ${width} x ${height} pixels; check the grid`,
    );
  }
  return (x: number, y: number) => values[Math.floor(y * rows / height) * columns + Math.floor(x * columns / width)];
}

/** The picture with its masked patches (1 in `mask`, rows * columns values) in flat grey. */
export function withMask(picture: Picture, mask: ArrayLike<number>, grid: Grid, colour: Colour = [128, 128, 128]): Picture {
  const at = cellOf(picture, grid, mask, "withMask"), pixels = picture.pixels.slice();
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) if (at(x, y)) pixels.set(colour, 3 * (y * picture.width + x));
  }
  return { ...picture, pixels };
}

/** `over` where the mask is 1, `under` elsewhere: a prediction shown only where the model had to guess. */
export function masked(under: Picture, over: Picture, mask: ArrayLike<number>, grid: Grid): Picture {
  const at = cellOf(under, grid, mask, "masked"), pixels = under.pixels.slice();
  for (let y = 0; y < under.height; y++) {
    for (let x = 0; x < under.width; x++) {
      const i = 3 * (y * under.width + x);
      if (at(x, y)) pixels.set(over.pixels.subarray(i, i + 3), i);
    }
  }
  return { ...under, pixels };
}

/** The picture tinted from blue (smallest) to yellow (largest) by a value a cell: attention of one head, say. */
export function heatMap(picture: Picture, values: ArrayLike<number>, grid: Grid, strength = 0.6): Picture {
  const at = cellOf(picture, grid, values, "heatMap"), all = Array.from(values);
  const least = Math.min(...all), span = Math.max(...all) - least || 1, pixels = picture.pixels.slice();
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const i = 3 * (y * picture.width + x), tint = warm((at(x, y) - least) / span);
      for (let c = 0; c < 3; c++) pixels[i + c] = Math.round((1 - strength) * pixels[i + c] + strength * tint[c]);
    }
  }
  return { ...picture, pixels };
}

/** From dark blue over teal to yellow as t goes from 0 to 1: lighter is more, also in grey and to most colour-blind eyes. */
function warm(t: number): Colour {
  const stops: Colour[] = [[38, 38, 94], [37, 98, 140], [48, 150, 130], [140, 200, 90], [250, 230, 60]];
  const s = Math.min(Math.max(t, 0), 1) * (stops.length - 1), k = Math.min(Math.floor(s), stops.length - 2);
  return [0, 1, 2].map((c) => stops[k][c] + (s - k) * (stops[k + 1][c] - stops[k][c])) as unknown as Colour;
}

/** The picture tinted with the colour of each pixel's class, the same in every picture; pixels of no class (255) are black. */
export function tintedByLabel(picture: Picture, labels: ArrayLike<number>, strength = 0.6): Picture {
  if (labels.length !== picture.width * picture.height) {
    throw new DataError(`tintedByLabel: ${labels.length} labels for ${picture.width} x ${picture.height} pixels; give one each`);
  }
  const colours = new Map<number, Colour>(), pixels = new Uint8Array(picture.pixels.length);
  for (let p = 0; p < labels.length; p++) {
    const label = labels[p];
    if (label === 255) continue;
    if (!colours.has(label)) colours.set(label, labelColour(label));
    const tint = colours.get(label)!;
    for (let c = 0; c < 3; c++) pixels[3 * p + c] = Math.round((1 - strength) * picture.pixels[3 * p + c] + strength * tint[c]);
  }
  return { ...picture, pixels };
}

/** Neighbouring numbers are far apart in hue: the golden angle spreads any number of classes. */
function labelColour(label: number): Colour {
  const hue = label * 137.508 % 360 / 60, light = 0.35 + label * 61 % 40 / 100, chroma = 0.62 * (1 - Math.abs(2 * light - 1));
  const channel = (n: number) => {
    const k = (n + 2 * hue) % 12; // of the HSL hexagon
    return Math.round(255 * (light - chroma / 2 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
