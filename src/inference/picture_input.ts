// Pictures as a program has them, as squares of pixels that a model takes.

import { decode, DEFAULT_MAX_PIXELS } from "../data/decode.ts";
import { evaluationView } from "../data/augment/evaluation.ts";
import { dropAlpha } from "../data/decode/rgb.ts";
import type { Picture } from "../data/picture.ts";
import { DataError } from "../errors.ts";
import type { Pixels, View } from "./types.ts";
import type { Prepare } from "./prepare.ts";

/**
 * A picture: the bytes of a JPEG, PNG or WebP file; a path; an address (file:, data: or http:, fetched as it is, so never one that a
 * stranger chose); a canvas's ImageData, whose transparency is dropped; or red, green and blue bytes, (height, width, 3).
 */
export type PictureInput =
  | string
  | URL
  | Uint8Array<ArrayBuffer>
  | ArrayBuffer
  | Blob
  | { width: number; height: number; data: Uint8ClampedArray | Uint8Array }
  | Picture;

/** The squares of some pictures. @throws DataError naming the picture that cannot be read. */
export async function squaresOf(pictures: readonly PictureInput[], view: View, prepare: Prepare, first = 0): Promise<Pixels> {
  const { size } = view, one = size * size * 3, data = new Uint8Array(pictures.length * one);
  await Promise.all(pictures.map(async (picture, i) => data.set(await square(picture, view, prepare, `picture ${first + i}`), i * one)));
  return { count: pictures.length, size, data };
}

/** The whole picture, turned as its file says. @throws DataError naming the picture that cannot be read. */
export async function pictureOf(picture: PictureInput, name: string): Promise<Picture> {
  if (isDecoded(picture)) return rgbOf(picture, name);
  const named = nameOf(picture, name);
  return await decode(await bytesOf(picture, named), { name: named, maxPixels: DEFAULT_MAX_PIXELS, orientation: "exif" });
}

const nameOf = (picture: PictureInput, name: string) => typeof picture === "string" || picture instanceof URL ? String(picture) : name;

async function square(picture: PictureInput, view: View, prepare: Prepare, name: string): Promise<Uint8Array> {
  const { size, filter, share } = view;
  if (isDecoded(picture)) return evaluationView(rgbOf(picture, name), size, filter, share).pixels;
  const named = nameOf(picture, name);
  return await prepare(await bytesOf(picture, named), { name: named, view, maxPixels: DEFAULT_MAX_PIXELS });
}

type Decoded = Exclude<PictureInput, string | URL | Uint8Array | ArrayBuffer | Blob>;

const isDecoded = (picture: PictureInput): picture is Decoded =>
  typeof picture === "object" && "width" in picture && ("data" in picture || "pixels" in picture);

function rgbOf(picture: Decoded, name: string): Picture {
  const { width, height } = picture, values = "pixels" in picture ? picture.pixels : picture.data, channels = "pixels" in picture ? 3 : 4;
  if (!(width >= 1 && height >= 1) || values.length !== width * height * channels) {
    throw new DataError(
      `${name}: ${width} x ${height} pixels of ${channels} values are ${
        width * height * channels
      }, ${values.length} were given; check the size`,
    );
  }
  return { width, height, pixels: "pixels" in picture ? picture.pixels : dropAlpha(picture.data, null) };
}

async function bytesOf(picture: Exclude<PictureInput, Decoded>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (picture instanceof Uint8Array) return picture;
  if (picture instanceof ArrayBuffer) return new Uint8Array(picture);
  if (picture instanceof Blob) return new Uint8Array(await picture.arrayBuffer());
  if (typeof picture !== "string" && !(picture instanceof URL)) {
    throw new DataError(`${name}: is ${typeof picture}, no picture; give bytes, a path, an address, ImageData or pixels`);
  }
  try {
    if (/^(https?|data):/.test(name)) {
      const response = await fetch(name);
      if (!response.ok) throw new Error(`the server answered with status ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    }
    const { readFile } = await import("node:fs/promises"); // a page has none
    return new Uint8Array(await readFile(picture));
  } catch (error) {
    throw new DataError(`${name}: cannot be read (${(error as Error).message}); check the path`, { cause: error });
  }
}
