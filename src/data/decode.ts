// From the bytes of a file to red, green and blue pixels: a guard reads the header and refuses what is damaged, cut short or too large,
// then a WASM decoder runs. The content decides the format, never the file's name.

import { DataError } from "../errors.ts";
import { type Header, readHeader, type Refuse } from "./decode/header.ts";
import { decodeJpeg } from "./decode/jpeg.ts";
import { decodePng } from "./decode/png.ts";
import { type Colour, dropAlpha, orient } from "./decode/rgb.ts";
import { decodeWithSharp, installedSharp } from "./decode/sharp.ts";
import { decodeWebp } from "./decode/webp.ts";
import type { Picture } from "./picture.ts";

export type { Colour };

export interface DecodeOptions {
  /** What errors call the picture: a path, a member of an archive, a row of a table. */
  name: string;
  /** Refuse more pixels than this, by the header; decoding takes about 11 bytes of memory for each. */
  maxPixels?: number;
  /** Colour that shows through transparent pixels; null drops alpha and keeps their stored colour, as PIL's convert("RGB"). */
  background?: Colour | null;
  /** "as-stored" ignores the EXIF orientation, as PIL and torchvision do; "exif" turns the picture as a viewer shows it. */
  orientation?: "as-stored" | "exif";
  /** Gives the array of so many bytes for the pixels, a new one each time by default; for who decodes many pictures and keeps none. */
  room?: (bytes: number) => Uint8Array;
}

/** 8192 x 8192. */
export const DEFAULT_MAX_PIXELS = 1 << 26;

/**
 * The picture in `bytes`: JPEG, PNG or WebP; grey, palette and 16-bit pictures become 8-bit RGB, colour profiles are not applied. CMYK
 * JPEG, GIF, animated WebP, TIFF and AVIF need the npm package sharp installed; SVG is never rendered.
 *
 * @throws {DataError} naming the picture and the reason: not a picture, damaged, cut short, too large, of an unsupported kind.
 */
export async function decode(
  bytes: Uint8Array,
  {
    name,
    maxPixels = DEFAULT_MAX_PIXELS,
    background = null,
    orientation = "as-stored",
    room = (bytes) => new Uint8Array(bytes),
  }: DecodeOptions,
): Promise<Picture> {
  const refuse: Refuse = (reason) => {
    throw new DataError(`${name}: ${reason}`);
  };
  const header = readHeader(bytes, refuse);
  checkSize(header, maxPixels, refuse);
  let picture: Picture;
  if (header.onlySharp) {
    const sharp = await installedSharp() ??
      refuse(`${header.onlySharp} is not supported; convert it to JPEG, PNG or WebP, or install sharp`);
    picture = await decodeWithSharp(sharp, bytes, header, { maxPixels, background }, refuse);
  } else {
    const decoder = { JPEG: decodeJpeg, PNG: decodePng, WebP: decodeWebp }[header.format]!;
    picture = { width: header.width, height: header.height, pixels: dropAlpha(await decoder(bytes, header, refuse), background, room) };
  }
  return orientation === "exif" ? orient(picture, header.orientation) : picture;
}

function checkSize({ format, width, height, onlySharp }: Header, maxPixels: number, refuse: Refuse): void {
  if (width * height > maxPixels) {
    refuse(`the ${format} has ${width} x ${height} = ${width * height} pixels, the limit is ${maxPixels}; raise maxPixels or shrink it`);
  }
  if (width * height === 0 && !onlySharp) refuse(`the ${format} states a size of ${width} x ${height}; replace the file`);
}
