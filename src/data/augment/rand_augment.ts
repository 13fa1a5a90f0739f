// RandAugment as timm has it under the name "rand-m9-mstd0.5-inc1": two operations of fifteen, each applied with probability one half, at a
// magnitude around 9 of 10, in the variant where every operation grows with its magnitude.

import type { Picture } from "../picture.ts";
import type { Draws } from "../random.ts";
import { affine, rotation } from "./affine.ts";
import { enhance, mapLevels } from "./enhance.ts";

export interface RandAugmentSettings {
  /** Operations for each picture. */
  layers: number;
  /** Mean and standard deviation of the magnitude, which is cut to 0..10. */
  magnitude: number;
  magnitudeStd: number;
  /** What shows where a picture was moved away: the mean colour of the data, 0 to 255. */
  fill: readonly [number, number, number];
}

/** One operation with the value that was drawn for it. */
export interface Operation {
  name: OperationName;
  value: number;
}

type Fill = RandAugmentSettings["fill"];

interface Definition {
  /** The operation's value at `level`, the magnitude over 10; `sign` is -1 or 1 by chance. */
  value: (level: number, sign: number) => number;
  apply: (picture: Picture, value: number, fill: Fill) => Picture;
}

const none = () => 0;
const enhanced = (level: number, sign: number) => Math.max(0.1, 1 + sign * level * 0.9);
const sheared = (level: number, sign: number) => sign * level * 0.3;
const moved = (level: number, sign: number) => sign * level * 0.45;
const levels = (map: (level: number, value: number) => number) => (picture: Picture, value: number) =>
  mapLevels(picture, Uint8Array.from({ length: 256 }, (_, i) => map(i, value)));

const operations = {
  autoContrast: { value: none, apply: autoContrast },
  equalize: { value: none, apply: equalize },
  invert: { value: none, apply: levels((i) => 255 - i) },
  rotate: {
    value: (level, sign) => sign * level * 30,
    apply: (p, degrees, fill) => degrees === 0 ? p : affine(p, rotation(p, degrees), fill),
  },
  posterize: { value: (level) => 4 - Math.trunc(level * 4), apply: levels((i, bits) => i & ~(2 ** (8 - bits) - 1)) },
  solarize: { value: (level) => 256 - Math.trunc(level * 256), apply: levels((i, threshold) => i < threshold ? i : 255 - i) },
  solarizeAdd: { value: (level) => Math.trunc(level * 110), apply: levels((i, add) => i < 128 ? Math.min(255, i + add) : i) },
  saturation: { value: enhanced, apply: (p, factor) => enhance(p, "saturation", factor) },
  contrast: { value: enhanced, apply: (p, factor) => enhance(p, "contrast", factor) },
  brightness: { value: enhanced, apply: (p, factor) => enhance(p, "brightness", factor) },
  sharpness: { value: enhanced, apply: (p, factor) => enhance(p, "sharpness", factor) },
  shearX: { value: sheared, apply: (p, factor, fill) => affine(p, [1, factor, 0, 0, 1, 0], fill) },
  shearY: { value: sheared, apply: (p, factor, fill) => affine(p, [1, 0, 0, factor, 1, 0], fill) },
  translateX: { value: moved, apply: (p, share, fill) => affine(p, [1, 0, share * p.width, 0, 1, 0], fill) },
  translateY: { value: moved, apply: (p, share, fill) => affine(p, [1, 0, 0, 0, 1, share * p.height], fill) },
} satisfies Record<string, Definition>;

export type OperationName = keyof typeof operations;

/** All operations, in timm's order. */
export const operationNames = Object.keys(operations) as OperationName[];

/** The operations for one picture: `layers` of them by lot, repeats allowed, less the half that is left out. */
export function drawOperations(draws: Draws, { layers, magnitude, magnitudeStd }: RandAugmentSettings): Operation[] {
  const drawn: Operation[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const name = operationNames[draws.integer(0, operationNames.length - 1)];
    const applied = draws.uniform() < 0.5;
    const level = Math.min(10, Math.max(0, draws.normal(magnitude, magnitudeStd))) / 10;
    const sign = draws.uniform() < 0.5 ? -1 : 1;
    if (applied) drawn.push({ name, value: operations[name].value(level, sign) });
  }
  return drawn;
}

/** `picture` after the operations, in their order. */
export function applyOperations(picture: Picture, drawn: Operation[], fill: Fill): Picture {
  return drawn.reduce((current, { name, value }) => operations[name].apply(current, value, fill), picture);
}

/** Each channel stretched to 0..255. */
function autoContrast(picture: Picture): Picture {
  return mapChannels(picture, (counts, table) => {
    const low = counts.findIndex((n) => n > 0), high = counts.findLastIndex((n) => n > 0);
    if (high <= low) return;
    const scale = 255 / (high - low), offset = -low * scale;
    for (let i = 0; i < 256; i++) table[i] = Math.min(255, Math.max(0, Math.trunc(i * scale + offset)));
  });
}

/** Each channel's levels spread so that all are about equally frequent. */
function equalize(picture: Picture): Picture {
  return mapChannels(picture, (counts, table) => {
    const step = Math.floor((picture.width * picture.height - counts[counts.findLastIndex((n) => n > 0)]) / 255);
    if (step === 0) return;
    for (let i = 0, n = Math.floor(step / 2); i < 256; n += counts[i++]) table[i] = Math.min(255, Math.floor(n / step));
  });
}

/** `fill` sees each channel's histogram and may change its table, which begins as the identity. */
function mapChannels(picture: Picture, fill: (counts: Uint32Array, table: Uint8Array) => void): Picture {
  const counts = new Uint32Array(768), tables = Uint8Array.from({ length: 768 }, (_, i) => i);
  for (let i = 0; i < picture.pixels.length; i++) counts[i % 3 * 256 + picture.pixels[i]]++;
  for (let at = 0; at < 768; at += 256) fill(counts.subarray(at, at + 256), tables.subarray(at, at + 256));
  return mapLevels(picture, tables);
}
