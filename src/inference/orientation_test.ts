// A picture that says it lies on its side is the same picture for training, `scan`, `embed`, the server and a program.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBatch } from "../data/batch.ts";
import { openDataSet } from "../data/datasets/mod.ts";
import { png } from "../data/decode/tiny_pictures.ts";
import { inspect } from "../data/inspect.ts";
import type { View } from "./types.ts";
import { prepareHere } from "./prepare.ts";
import { squaresOf } from "./picture_input.ts";

const exif = (orientation: number) =>
  Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0);
/** 2 x 4 pixels, each of its own grey; shown it is 4 x 2. */
const bytes = png(2, 4, 8, 2, Uint8Array.from({ length: 24 }, (_, i) => 10 * Math.floor(i / 3)), [["eXIf", exif(6)]]);
const view: View = { size: 2, filter: "bicubic", share: 1 };
/** Turned clockwise: columns are the stored rows from the last to the first; the middle two remain. */
const middle = [40, 20, 50, 30].flatMap((grey) => [grey, grey, grey]);

const folder = mkdtempSync(join(tmpdir(), "zellige-exif-"));
writeFileSync(join(folder, "phone.png"), bytes);
afterAll(() => rmSync(folder, { recursive: true }));

test("pictures are turned by their EXIF orientation alike in batches, in a scan, on the server and in a program", async () => {
  const served = await prepareHere(bytes as Uint8Array<ArrayBuffer>, { name: "phone", view, maxPixels: 100 });
  const inProgram = await squaresOf([join(folder, "phone.png")], view, prepareHere);
  const set = await openDataSet({ kind: "folder", path: folder });
  const plan = { seed: 0, epoch: 0, indices: [0] } as unknown as Parameters<typeof makeBatch>[2];
  const batch = await makeBatch(set, { preparation: { kind: "evaluate", ...view }, onError: "fail" }, plan);
  expect([[...served], [...inProgram.data], [...batch.views[0].pixels]]).toEqual([middle, middle, middle]);
  expect(await inspect(set, 0)).toMatchObject({ width: 4, height: 2 });
});
