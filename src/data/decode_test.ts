import { expect, test } from "bun:test";
import { DataError } from "../errors.ts";
import { decode, type DecodeOptions } from "./decode.ts";
import {
  brokenPictures,
  concat,
  png,
  pngOf,
  tinyJpeg,
  tinyJpegStart,
  tinyPixels,
  tinyWebp,
  tinyWebpAlpha,
} from "./decode/tiny_pictures.ts";

const open = (bytes: Uint8Array, options: Partial<DecodeOptions> = {}) => decode(bytes, { name: "tiny", ...options });

/** The message of the DataError that decoding gives. */
async function refusal(bytes: Uint8Array, options: Partial<DecodeOptions> = {}): Promise<string> {
  const error = await open(bytes, options).then(() => null, (error) => error);
  expect(error).toBeInstanceOf(DataError);
  return error.message;
}

const rows = (bytesPerPixel: number, make: (r: number, g: number, b: number) => number[]) =>
  Uint8Array.from({ length: 12 * bytesPerPixel }, (_, i) => {
    const p = Math.floor(i / bytesPerPixel) * 3;
    return make(tinyPixels[p], tinyPixels[p + 1], tinyPixels[p + 2])[i % bytesPerPixel];
  });
const rgb = rows(3, (r, g, b) => [r, g, b]);

test("decode() reads JPEG, PNG and WebP by their content", async () => {
  const jpeg = await open(tinyJpeg, { name: "wrong.png" });
  expect([jpeg.width, jpeg.height, ...jpeg.pixels.subarray(0, 6)]).toEqual([4, 3, ...tinyJpegStart]);
  expect(await open(png(4, 3, 8, 2, rgb))).toEqual({ width: 4, height: 3, pixels: tinyPixels });
  expect(await open(tinyWebp)).toEqual({ width: 4, height: 3, pixels: tinyPixels });
});

test("decode() makes 16-bit, grey and palette PNGs 8-bit RGB", async () => {
  expect((await open(png(4, 3, 16, 2, rows(6, (r, g, b) => [r, 99, g, 200, b, 255])))).pixels).toEqual(tinyPixels);
  const grey = tinyPixels.map((_, i) => tinyPixels[i - i % 3]);
  expect((await open(png(4, 3, 8, 0, rows(1, (r) => [r])))).pixels).toEqual(grey);
  expect((await open(png(4, 3, 16, 0, rows(2, (r) => [r, 180])))).pixels).toEqual(grey);
  const palette: [string, Uint8Array] = ["PLTE", Uint8Array.of(1, 2, 3, 4, 5, 6)];
  expect([...(await open(png(4, 1, 1, 3, Uint8Array.of(0b01010000), [palette]))).pixels]).toEqual([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
});

test("decode() drops alpha as PIL does, or lays the picture over a background", async () => {
  const half = png(4, 3, 8, 6, rows(4, (r, g, b) => [r, g, b, 100]));
  expect((await open(half)).pixels).toEqual(tinyPixels);
  const over = (await open(half, { background: [255, 0, 10] })).pixels;
  expect([...over.subarray(3, 6)]).toEqual([60 * 100 + 255 * 155, 0, 160 * 100 + 10 * 155].map((sum) => Math.round(sum / 255)));
  expect([...(await open(tinyWebpAlpha)).pixels.subarray(0, 6)]).toEqual([10, 20, 30, 10, 20, 30]);
  expect([...(await open(tinyWebpAlpha, { background: [0, 0, 0] })).pixels.subarray(0, 9)]).toEqual([5, 10, 15, 0, 0, 0, 120, 0, 120]);
});

test("decode() turns a picture by its EXIF orientation only when asked", async () => {
  const exif = (orientation: number) =>
    Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0);
  const file = (orientation: number) => png(2, 1, 8, 2, Uint8Array.of(1, 1, 1, 2, 2, 2), [["eXIf", exif(orientation)]]);
  const shown = async (orientation: number) => {
    const { width, pixels } = await open(file(orientation), { orientation: "exif" });
    return [width, pixels[0]];
  };
  expect((await open(file(6))).width).toBe(2);
  const wanted = [[2, 1], [2, 2], [2, 2], [2, 1], [1, 1], [1, 1], [1, 2], [1, 2], [2, 1]];
  for (let i = 0; i < 9; i++) expect(await shown(i + 1), `orientation ${i + 1}`).toEqual(wanted[i]);

  const segment = concat([new TextEncoder().encode("Exif\0\0"), exif(6)]);
  const jpeg = concat([tinyJpeg.subarray(0, 2), Uint8Array.of(0xff, 0xe1, 0, segment.length + 2), segment, tinyJpeg.subarray(2)]);
  expect((await open(jpeg)).width).toBe(4);
  const turned = await open(jpeg, { orientation: "exif" });
  expect([turned.width, turned.height, ...turned.pixels.subarray(6, 9)]).toEqual([3, 4, ...tinyJpegStart.slice(0, 3)]);
});

test("decode() refuses every beginning of a file, and accepts what follows its end", async () => {
  for (const file of [tinyJpeg, png(4, 3, 8, 2, rgb), tinyWebp]) {
    for (let length = 0; length < file.length; length++) expect(await refusal(file.subarray(0, length))).toMatch(/^tiny: .*; .*/);
    expect((await open(concat([file, new Uint8Array(100)]))).width).toBe(4);
  }
});

test("decode() refuses a size above the limit by the header alone", async () => {
  expect(await refusal(pngOf(30000, 30000, 8, 0, [["IDAT", new Uint8Array(9)]]))).toBe(
    "tiny: the PNG has 30000 x 30000 = 900000000 pixels, the limit is 67108864; raise maxPixels or shrink it",
  );
  expect(await refusal(tinyJpeg, { maxPixels: 11 })).toMatch(/the JPEG has 4 x 3 = 12 pixels, the limit is 11/);
  expect((await open(tinyJpeg, { maxPixels: 12 })).width).toBe(4);
  expect(await refusal(pngOf(0, 9, 8, 0, [["IDAT", new Uint8Array(9)]]))).toMatch(/a size of 0 x 9/);
});

test("decode() names a wrong CRC, a foreign format and text", async () => {
  const flipped = png(4, 3, 8, 2, rgb);
  flipped[17]++;
  expect(await refusal(flipped)).toMatch(/chunk IHDR at byte 8 has a wrong CRC/);
  const ascii = (text: string) => new TextEncoder().encode(text);
  expect(await refusal(ascii('\n<?xml version="1.0"?><svg xmlns="..."><image href="http://localhost"/></svg>'))).toMatch(
    /SVG is a drawing/,
  );
  expect(await refusal(ascii("<!DOCTYPE html><title>404"))).toMatch(/HTML or XML/);
  expect(await refusal(ascii("BM......"))).toMatch(/BMP is not supported/);
  expect(await refusal(ascii("hello"))).toMatch(/no picture format begins with bytes 68 65 6c 6c 6f/);
});

test("decode() still reads 3,000 good files after 1,000 broken ones, 200 of them JPEGs: libjpeg's module survives 96", async () => {
  const good = [tinyJpeg, png(4, 3, 8, 2, rgb), tinyWebp], first = await Promise.all(good.map((file) => open(file)));
  const [jpeg, png1, png2, webp] = brokenPictures();
  for (let i = 0; i < 1000; i++) {
    // Fewer of those whose module takes long to load again.
    const file = i % 5 === 0 ? jpeg : i % 50 === 1 ? webp : i % 2 ? png1 : png2;
    expect(await refusal(file)).toMatch(/cannot be decoded/);
    if (i % 100 === 0) expect(await Promise.all(good.map((file) => open(file)))).toEqual(first);
  }
  for (let i = 0; i < 1000; i++) expect(await Promise.all(good.map((file) => open(file)))).toEqual(first);
}, 60_000);
