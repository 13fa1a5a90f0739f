import { expect, test } from "bun:test";
import sharp from "npm:sharp@0.35.5";
import { DataError } from "../../errors.ts";
import { readHeader } from "./header.ts";
import { decodeWithSharp, type Sharp } from "./sharp.ts";

const [width, height] = [24, 16];
/** Left half red, right half blue. */
const pixels = new Uint8Array(width * height * 3).map((_, i) =>
  (i / 3 | 0) % width < width / 2 ? [200, 30, 40][i % 3] : [20, 40, 180][i % 3]
);
const image = () => sharp(pixels, { raw: { width, height, channels: 3 } });
const refuse = (reason: string): never => {
  throw new DataError(reason);
};
const decoded = (bytes: Uint8Array, maxPixels = 1e6) =>
  decodeWithSharp(sharp as unknown as Sharp, bytes, readHeader(bytes, refuse), { maxPixels, background: [255, 255, 255] }, refuse);

const files = {
  "a GIF": () => image().gif().toBuffer(),
  "a TIFF": () => image().tiff().toBuffer(),
  "a CMYK JPEG": () => image().toColourspace("cmyk").jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer(),
};
for (const [name, make] of Object.entries(files)) {
  test(`sharp decodes ${name} where it is installed`, async () => {
    const bytes = new Uint8Array(await make());
    expect(readHeader(bytes, refuse).onlySharp).toBe(name);
    const picture = await decoded(bytes);
    expect([picture.width, picture.height, picture.pixels.length]).toEqual([width, height, pixels.length]);
    const at = (x: number) => [...picture.pixels.subarray(3 * x, 3 * x + 3)];
    const [left, right] = [at(4), at(20)]; // colour profiles of ink shift the values
    expect(left[0] - left[2]).toBeGreaterThan(60);
    expect(right[2] - right[0]).toBeGreaterThan(60);
  });
}

test("what sharp cannot decode, or only at the cost of too much memory, is refused with its reason", async () => {
  const gif = new Uint8Array(await files["a GIF"]());
  await expect(decoded(gif, 100)).rejects.toThrow(/sharp cannot decode a GIF .*pixel limit.*; convert it to/i);
  await expect(decoded(gif.subarray(0, gif.length / 2))).rejects.toThrow("sharp cannot decode a GIF");
});
