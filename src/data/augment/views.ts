// The views of a picture: jitter on the whole of it, flip, one crop, a resize for each view. In WASM SIMD all of that happens in the
// kernels' memory, and only the views come out: pictures that live for a moment would keep the collector busy.

import { memoryOf, type PixelKernels, pixelKernels } from "../assembly/pixels.ts";
import type { Box, Picture } from "../picture.ts";
import { crop, type Filter, resize } from "../resize.ts";
import { Resampling } from "../resize/simd.ts";
import { type Enhancement, jitter } from "./color_jitter.ts";
import { flip } from "./flip.ts";

/** One square picture made from the crop. */
export interface View {
  size: number;
  filter: Filter;
}

export interface Cut {
  jitter: Enhancement[];
  flip: boolean;
  /** In the flipped picture. */
  crop: Box;
}

/** Larger pictures go step by step, because the memory of WASM never shrinks. */
const LARGE_BYTES = 3 << 24;
/** Bytes around pictures that the kernels read or overwrite. */
const SPARE = 32;

/** Writes the views of `picture`, each (size, size, 3), to the arrays of `into`. */
export function makeViews(picture: Picture, plan: Cut, views: readonly View[], into: Uint8Array[]): void {
  if (!viewsSimd(picture, plan, views, into)) viewsByStep(picture, plan, views, into);
}

/** What the WASM version is tested against. */
export function viewsByStep(picture: Picture, plan: Cut, views: readonly View[], into: Uint8Array[]): void {
  const whole = jitter(picture, plan.jitter), box = cropOf(plan, picture);
  // The mirror image of the crop is the crop of the mirror image, with fewer pixels to turn.
  const source = plan.flip ? flip(crop(whole, box)) : crop(whole, box);
  views.forEach(({ size, filter }, v) => into[v].set(resize(source, size, size, filter).pixels));
}

/** Whether it could be done: not without WASM SIMD, for a quality that is changed twice, for too large a picture or shrinking. */
export function viewsSimd(picture: Picture, plan: Cut, views: readonly View[], into: Uint8Array[]): boolean {
  const wasm = pixelKernels(), { pixels, width } = picture, { jitter, crop } = plan, from = cropOf(plan, picture);
  const twice = new Set(jitter.map(({ quality }) => quality)).size < jitter.length;
  if (!wasm || twice || pixels.length > LARGE_BYTES) return false;
  const source = SPARE + pixels.length + SPARE & ~15, at = source + crop.width * crop.height * 3 + 2 * SPARE & ~15;
  const resamplings = views.map(({ size, filter }) => Resampling.of(crop, size, size, filter, at));
  if (!resamplings.every((one) => one !== null)) return false;

  const bytes = new Uint8Array(memoryOf(wasm, Math.max(...resamplings.map(({ end }) => end))));
  bytes.set(pixels);
  const start = (from.top * width + from.left) * 3;
  wasm.cut(start, width * 3, from.width, from.height, Number(plan.flip), ...steps(wasm, bytes, pixels.length, jitter), source);
  resamplings.forEach((resampling, v) => {
    resampling.load(bytes);
    resampling.rows(wasm, source, crop.height, 0);
    const out = resampling.finish(wasm);
    into[v].set(bytes.subarray(out, out + views[v].size ** 2 * 3));
  });
  return true;
}

const cropOf = ({ flip, crop }: Cut, { width }: Picture): Box => flip ? { ...crop, left: width - crop.left - crop.width } : crop;

/** The jitter of the picture of `size` bytes at 0 as ../assembly/enhance.ts takes it: steps, the grey one, `from` and factor of each. */
function steps(wasm: PixelKernels, bytes: Uint8Array, size: number, jitter: Enhancement[]): number[] {
  const grey = jitter.findIndex(({ quality }) => quality === "saturation"), args = [0, 1, 0, 1, 0, 1];
  for (const [i, { quality, factor }] of jitter.entries()) {
    if (quality === "contrast") {
      bytes.fill(0, size, size + 16); // what lumaSum() reads after the last pixel
      args[2 * i] = Math.trunc(wasm.lumaSum(0, size / 3, i, grey, ...args.slice(0, 4)) / (size / 3) + 0.5);
    }
    args[2 * i + 1] = factor;
  }
  return [jitter.length, grey, ...args];
}
