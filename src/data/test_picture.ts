import type { Picture } from "./picture.ts";

/** A picture for tests: a slope in each channel with noise over it, the same everywhere. */
export function testPicture(width: number, height: number): Picture {
  const pixels = new Uint8Array(width * height * 3);
  let state = 1;
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const x = Math.floor(i / 3) % width, y = Math.floor(i / 3 / width), c = i % 3;
    pixels[i] = 20 + 40 * c + Math.floor((x + 2 * y) * 100 / (width + 2 * height)) + (state >>> 26);
  }
  return { width, height, pixels };
}
