import { memoryOf, pixelKernels } from "../assembly/pixels.ts";
import type { Picture } from "../picture.ts";
import type { Draws } from "../random.ts";
import { enhance } from "./enhance.ts";

export interface Enhancement {
  quality: "brightness" | "contrast" | "saturation";
  factor: number;
}

/** Brightness, contrast and saturation in random order, each by a factor uniform in 1 - strength .. 1 + strength, as torchvision. */
export function drawJitter(draws: Draws, strength: number): Enhancement[] {
  if (strength === 0) return [];
  const qualities: Enhancement["quality"][] = ["brightness", "contrast", "saturation"];
  return Array.from(
    draws.permutation(3),
    (i) => ({ quality: qualities[i], factor: draws.uniform(Math.max(0, 1 - strength), 1 + strength) }),
  );
}

/** Larger pictures are jittered without WASM, because its memory never shrinks. */
const LARGE_BYTES = 3 << 24;

/** `picture` after the steps, in their order: the same bytes as enhance() by enhance(), in WASM SIMD where there is any. */
export function jitter(picture: Picture, steps: Enhancement[]): Picture {
  const wasm = pixelKernels(), size = picture.pixels.length, area = size / 3;
  if (steps.length === 0) return picture;
  if (!wasm || size > LARGE_BYTES) return jitterPlain(picture, steps);
  const bytes = new Uint8Array(memoryOf(wasm, size + 16));
  bytes.set(picture.pixels);
  for (const { quality, factor } of steps) {
    if (quality === "saturation") wasm.saturate(0, area, factor);
    else if (quality === "brightness") wasm.blendWith(0, size, 0, factor);
    else {
      bytes.fill(0, size, size + 16); // what lumaSum() reads after the last pixel
      wasm.blendWith(0, size, Math.trunc(wasm.lumaSum(0, area) / area + 0.5), factor);
    }
  }
  return { ...picture, pixels: bytes.slice(0, size) };
}

/** What jitter() is tested against. */
export function jitterPlain(picture: Picture, steps: Enhancement[]): Picture {
  return steps.reduce((current, { quality, factor }) => enhance(current, quality, factor), picture);
}
