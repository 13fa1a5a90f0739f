import { expect, test } from "bun:test";
import { decode } from "./decode.ts";
import { encodePng } from "./encode.ts";
import { testPicture } from "./test_picture.ts";

test("encodePng() loses nothing: decoding gives the same pixels", async () => {
  for (const [width, height] of [[1, 1], [7, 3], [64, 33]]) {
    const picture = testPicture(width, height);
    expect(await decode(await encodePng(picture), { name: "test.png" })).toEqual(picture);
  }
});

test("encodePng() refuses pixels that are not the stated size", async () => {
  await expect(encodePng({ width: 2, height: 2, pixels: new Uint8Array(11) })).rejects.toThrow(/2 x 2 RGB pixels are 12 bytes, 11/);
});
