// From pixels to the bytes of a file.
import { DataError } from "../errors.ts";
import type { Picture } from "./picture.ts";

/**
 * The picture as a PNG file of 8-bit pixels, lossless. Throws DataError where `pixels` does not hold width x height x 3 values.
 *
 * ```ts
 * import { encodePng } from "../../mod.ts";
 * const png = await encodePng({ width: 2, height: 1, pixels: Uint8Array.of(255, 0, 0, 0, 0, 255) }); // a red and a blue pixel
 * console.assert(String.fromCharCode(...png.subarray(1, 4)) === "PNG");
 * ```
 */
export async function encodePng({ width, height, pixels }: Picture): Promise<Uint8Array<ArrayBuffer>> {
  if (width < 1 || height < 1 || pixels.length !== width * height * 3) {
    throw new DataError(
      `encodePng: ${width} x ${height} RGB pixels are ${width * height * 3} bytes, ${pixels.length} were given; check the size`,
    );
  }
  const { default: load, encode } = await import("npm:@jsquash/png@3.1.1/codec/pkg/squoosh_png.js"); // not at import time: it is seldom wanted
  await load();
  const rgba = new Uint8Array(width * height * 4).fill(255); // the encoder knows no picture without alpha
  for (let p = 0; p < width * height; p++) rgba.set(pixels.subarray(3 * p, 3 * p + 3), 4 * p);
  return encode(rgba, width, height, 8) as Uint8Array<ArrayBuffer>;
}
