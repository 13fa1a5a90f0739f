import type { Picture } from "../picture.ts";

/** Red, green, blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** (H, W, 4) → (H, W, 3): alpha dropped, as PIL's convert("RGB") does, or the picture laid over `background`. */
export function dropAlpha(
  rgba: Uint8Array | Uint8ClampedArray,
  background: Colour | null,
  room: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  const out = room(rgba.length / 4 * 3), opaque = background ?? [0, 0, 0];
  let i = 0, o = 0;
  if (background === null && rgba.byteOffset % 4 === 0 && out.byteOffset % 4 === 0) {
    // Four pixels make three words (little-endian, as all machines with WASM are): twice as fast as byte by byte.
    const from = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length >> 2),
      to = new Uint32Array(out.buffer, out.byteOffset, out.length >> 2);
    const whole = from.length & ~3;
    for (let p = 0, w = 0; p < whole; p += 4, w += 3) {
      const b = from[p + 1], c = from[p + 2];
      to[w] = from[p] & 0xffffff | b << 24;
      to[w + 1] = b >>> 8 & 0xffff | c << 16;
      to[w + 2] = c >>> 16 & 0xff | from[p + 3] << 8;
    }
    i = whole * 4;
    o = whole * 3;
  }
  for (; i < rgba.length; i += 4, o += 3) {
    const alpha = background === null ? 255 : rgba[i + 3];
    for (let c = 0; c < 3; c++) out[o + c] = (rgba[i + c] * alpha + opaque[c] * (255 - alpha) + 127) / 255;
  }
  return out;
}

/** The picture as EXIF orientation 1 to 8 wants it shown: 2 to 4 mirrored or turned by half, 5 to 8 with sides exchanged. */
export function orient(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const { width: W, height: H, pixels } = picture;
  const turned = orientation >= 5, width = turned ? H : W, height = turned ? W : H;
  const fromRight = [2, 3, 7, 8].includes(orientation), fromBottom = [3, 4, 6, 7].includes(orientation);
  const out = new Uint8Array(pixels.length);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const column = turned ? y : x, row = turned ? x : y;
      const i = ((fromBottom ? H - 1 - row : row) * W + (fromRight ? W - 1 - column : column)) * 3;
      out[o] = pixels[i];
      out[o + 1] = pixels[i + 1];
      out[o + 2] = pixels[i + 2];
    }
  }
  return { width, height, pixels: out };
}
