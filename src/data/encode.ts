// From pixels to the bytes of a file.
import load, { encode } from "npm:@jsquash/png@3.1.1/codec/pkg/squoosh_png.js";
import { DataError } from "../errors.ts";
import type { Picture } from "./picture.ts";

/** The picture as a PNG file of 8-bit pixels, lossless. Throws DataError where `pixels` does not hold width x height x 3 values. */
export async function encodePng({ width, height, pixels }: Picture): Promise<Uint8Array<ArrayBuffer>> {
  if (width < 1 || height < 1 || pixels.length !== width * height * 3) {
    throw new DataError(
      `encodePng: ${width} x ${height} RGB pixels are ${width * height * 3} bytes, ${pixels.length} were given; check the size`,
    );
  }
  await load();
  const rgba = new Uint8Array(width * height * 4).fill(255); // the encoder knows no picture without alpha
  for (let p = 0; p < width * height; p++) rgba.set(pixels.subarray(3 * p, 3 * p + 3), 4 * p);
  return encode(rgba, width, height, 8) as Uint8Array<ArrayBuffer>;
}
