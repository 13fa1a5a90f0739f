import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { DataError } from "../errors.ts";
import { decode } from "./decode.ts";
import type { Picture } from "./picture.ts";

const folder = new URL("../../../shared/data/corrupt/", import.meta.url);

interface Expected {
  file: string;
  expected: "ok" | "error";
  width?: number;
  height?: number;
  stored?: [number, number];
  oriented?: [number, number];
  allow_error?: boolean;
  allow_unsupported_error?: boolean;
}

const bytesOf = (file: string) => readFileSync(new URL(encodeURIComponent(file), folder));
const open = (file: string, orientation: "as-stored" | "exif" = "as-stored") => decode(bytesOf(file), { name: file, orientation });

/** Pictures of the set, or an empty list with a line that says why. Containers belong to the data sets' tests. */
function pictures(): Expected[] {
  if (!existsSync(folder)) {
    console.log("skipped: no ../shared/data/corrupt");
    return [];
  }
  const list: Expected[] = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));
  return list.filter(({ file }) => !file.includes("/") && !statSync(new URL(encodeURIComponent(file), folder)).isDirectory());
}

test("every bad or odd picture gets what expected.json says, errors that name it included", async () => {
  for (const want of pictures()) {
    const got: Picture | Error = await open(want.file).catch((error) => error);
    if (got instanceof Error) {
      expect(got).toBeInstanceOf(DataError);
      expect(got.message.startsWith(`${want.file}: `), got.message).toBe(true);
      const allowed = want.allow_error || want.allow_unsupported_error && /not supported|sharp/.test(got.message);
      expect(want.expected === "error" || allowed, `${want.file} should decode: ${got.message}`).toBe(true);
    } else {
      expect(want.expected, `${want.file} should be refused`).toBe("ok");
      const [width, height] = want.stored ?? [want.width, want.height];
      expect([got.width, got.height, got.pixels.length], want.file).toEqual([width, height, width! * height! * 3]);
      if (want.oriented) {
        const turned = await open(want.file, "exif");
        expect([turned.width, turned.height], want.file).toEqual(want.oriented);
      }
    }
  }
});

test("pictures that show the same decode to about the same, whatever their format", async () => {
  const files = pictures().map(({ file }) => file);
  if (files.length === 0) return;
  const colour = await open("ok_rgb.png"), grey = await open("ok_gray.png");
  const alike = (got: Picture, want: Picture) =>
    got.pixels.reduce((sum, value, i) => sum + Math.abs(value - want.pixels[i]), 0) / got.pixels.length;
  for (const file of ["ok_rgba.png", "ok_16bit_rgb.png", "ok_lossless.webp", "ok_png_named.jpg"]) {
    expect(alike(await open(file), colour), file).toBeLessThan(1);
  }
  for (const file of ["ok_baseline.jpg", "ok_444.jpg", "ok_progressive.jpg", "ok_lossy.webp", "ok_exif_orientation6.jpg"]) {
    expect(alike(await open(file), colour), file).toBeLessThan(12);
  }
  expect(alike(await open("ok_16bit_gray.png"), grey)).toBeLessThan(12);
  const { pixels } = await open("ok_gray.jpg");
  expect(pixels.every((value, i) => value === pixels[i - i % 3])).toBe(true);
});

test("the whole set, bombs included, is judged in less than 200 MB", () => {
  if (pictures().length === 0) return;
  const script = fileURLToPath(new URL("./decode/peak_memory.ts", import.meta.url));
  const args = "Deno" in globalThis ? ["run", "-A", script] : [script];
  const { stdout, stderr } = spawnSync(process.execPath, [
    ...args,
    ...pictures().map(({ file }) => fileURLToPath(new URL(encodeURIComponent(file), folder))),
  ], {
    encoding: "utf8",
  });
  const { files, megabytes } = JSON.parse(stdout || `{"error": ${JSON.stringify(stderr)}}`);
  expect(files).toBe(pictures().length);
  expect(megabytes).toBeGreaterThan(10);
  expect(megabytes).toBeLessThan(200);
});
