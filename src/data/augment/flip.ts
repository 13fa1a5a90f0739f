import type { Picture } from "../picture.ts";

/** Left and right exchanged. */
export function flip({ width, height, pixels }: Picture): Picture {
  const out = new Uint8Array(pixels.length), stride = width * 3;
  for (let y = 0; y < height; y++) {
    for (let i = y * stride, o = i + stride - 3; i < (y + 1) * stride; i += 3, o -= 3) {
      out[o] = pixels[i];
      out[o + 1] = pixels[i + 1];
      out[o + 2] = pixels[i + 2];
    }
  }
  return { width, height, pixels: out };
}
