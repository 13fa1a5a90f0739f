// Pictures of a run, for its report and for the live page.

import { renameSync, writeFileSync } from "node:fs";
import { encodePng } from "../data/encode.ts";
import { enlarge, sheet } from "../data/panels.ts";
import type { Picture } from "../data/picture.ts";
import type { PictureKind } from "./report/inputs.ts";
import type { Run } from "./run.ts";

/** Pixels a side that a small picture is enlarged to, so that it can be seen, and of a row, so that files stay small. */
const readable = 96, widest = 960;

/** Writes pictures of one size in rows as pictures/<name>.png, in place of those before. */
export async function savePictures(
  run: Run,
  name: PictureKind | `${PictureKind}-${string}`,
  pictures: readonly Picture[],
  columns: number,
): Promise<void> {
  const { width } = pictures[0],
    factor = Math.max(1, Math.floor(Math.min(readable / width, widest / (columns * width)))),
    path = `${run.pictureFolder}/${name}.png`;
  writeFileSync(`${path}.tmp`, await encodePng(sheet(pictures.map((picture) => enlarge(picture, factor)), { columns })));
  renameSync(`${path}.tmp`, path); // whoever looks sees a whole file
}

/** The inner half of each side, where the edges are far. */
export function middleOf({ width, height, pixels }: Picture): Picture {
  const W = Math.max(1, width >> 1), H = Math.max(1, height >> 1), out = new Uint8Array(W * H * 3);
  for (let y = 0; y < H; y++) {
    const from = 3 * ((((height - H) >> 1) + y) * width + ((width - W) >> 1));
    out.set(pixels.subarray(from, from + 3 * W), 3 * y * W);
  }
  return { width: W, height: H, pixels: out };
}

/** The first `count` pictures of (B, H, W, 3) bytes. */
export function fromBytes(pixels: Uint8Array, size: number, count: number): Picture[] {
  const bytes = 3 * size * size;
  return Array.from({ length: count }, (_, i) => ({ width: size, height: size, pixels: pixels.slice(i * bytes, (i + 1) * bytes) }));
}

/** The first `count` pictures of planes (B, channels, H, W) within 0 to 1; one channel is grey. */
export function fromPlanes(values: ArrayLike<number>, size: number, count: number, channels = 3): Picture[] {
  const area = size * size;
  return Array.from({ length: count }, (_, i) => {
    const pixels = new Uint8Array(3 * area);
    for (let p = 0; p < area; p++) {
      for (let c = 0; c < 3; c++) {
        const value = values[(channels * i + c % channels) * area + p];
        pixels[3 * p + c] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
    }
    return { width: size, height: size, pixels };
  });
}
