// Pictures of 4 x 3 pixels for tests, drawn for them: red 60 x, green 80 y, blue 200 - 40 x.

import { deflateSync } from "node:zlib";

const bytes = (base64: string) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

export const tinyJpeg = bytes(
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkF" +
    "BQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAADAAQDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAd" +
    "EAABAgcAAAAAAAAAAAAAAAAAAQYDBAcVJpLR/8QAFQEBAQAAAAAAAAAAAAAAAAAABQf/xAAgEQAABAYDAAAAAAAAAAAAAAAAAQIEBRUjMkJRBmFx/9oADAMBAAIRAxEAPwC2dSJnWGBj" +
    "0nqvQATePPnU1c1VXqyPfoc47EXsna1lWJyPRdj/2Q==",
);
/** The first two pixels of tinyJpeg as libjpeg and PIL decode them. */
export const tinyJpegStart = [0x00, 0x0b, 0x95, 0x0a, 0x17, 0xa1];

export const tinyWebp = bytes("UklGRj4AAABXRUJQVlA4TDEAAAAvA4AAAF9AkG0zxCLc3+MOwyMQSPInG2Gc+e9BCrC7AAQBJEoppDDcCiuMGtH/oC4HAA==");
/** As tinyWebp, but the first pixels are (10, 20, 30) with alpha 128 and alpha 0. */
export const tinyWebpAlpha = bytes(
  "UklGRlAAAABXRUJQVlA4TEQAAAAvA4AAEF9AEEASxDhDjDhCuETaNsXXNP+SjgmybUpy/5xoOAKCoudMj2zg/g0UQREHRQgQZNtkbDM43QmucNWI/gfPLA==",
);

/** The 4 x 3 picture as (H, W, 3). */
export const tinyPixels = Uint8Array.from(
  { length: 36 },
  (_, i) => [60 * ((i / 3 | 0) % 4), 80 * (i / 12 | 0), 200 - 40 * ((i / 3 | 0) % 4)][i % 3],
);

/** A PNG of `rows` (without their filter bytes), colour type 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
export function png(
  width: number,
  height: number,
  depth: number,
  colour: number,
  rows: Uint8Array,
  extra: [string, Uint8Array][] = [],
): Uint8Array {
  const stride = rows.length / height, filtered = new Uint8Array(rows.length + height);
  for (let y = 0; y < height; y++) filtered.set(rows.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return pngOf(width, height, depth, colour, [...extra, ["IDAT", deflateSync(filtered)]]);
}

/** A PNG of any chunks, each with its right CRC. */
export function pngOf(width: number, height: number, depth: number, colour: number, chunks: [string, Uint8Array][]): Uint8Array {
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colour, 0, 0, 0], 8);
  const all = [["IHDR", header], ...chunks, ["IEND", new Uint8Array()]] as [string, Uint8Array][];
  return concat([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...all.map(([type, body]) => chunk(type, body))]);
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.length + 12), view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(body, 8);
  let crc = 0xffffffff;
  for (const byte of out.subarray(4, 8 + body.length)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  view.setUint32(8 + body.length, ~crc >>> 0);
  return out;
}

export function concat(parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Files that pass the guard and fail inside each decoder, for libjpeg with one of its fatal errors. */
export function brokenPictures(): Uint8Array[] {
  const jpeg = tinyJpeg.slice();
  jpeg.fill(0xff, jpeg.indexOf(0xc4) + 4, jpeg.indexOf(0xc4) + 20); // code counts of the first Huffman table
  const webp = tinyWebp.slice();
  webp.fill(0xff, 26);
  return [jpeg, png(4, 3, 8, 2, tinyPixels.subarray(0, 27)), pngOf(4, 3, 8, 2, [["IDAT", new Uint8Array(50)]]), webp];
}
