// CIFAR-10 and CIFAR-100 in the binary layout: one record after the other, label byte(s), then 3 planes of 32 x 32.
// Source: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
// deno-lint-ignore-file require-await -- a failure must be a rejection
import { existsSync, readdirSync, statSync } from "node:fs";
import { DataError } from "../../errors.ts";
import type { DataSet, Opening, Sample } from "./dataset.ts";
import { readAt, readWhole, sizeOf, unreadable } from "./read_at.ts";

export interface CifarOptions {
  /** A folder with the published file names, or one .bin file. */
  path: string;
  /** 10 or 100 (fine labels; the coarse byte is passed over). */
  classes?: 10 | 100;
  /** Which files of a folder. */
  split?: "train" | "test";
}

const PLANE = 32 * 32;

export const cifar = {
  about: "CIFAR-10 or CIFAR-100 .bin files (32 x 32)",

  /** Opens .bin files. Throws DataError where a file is no whole number of records, and at `read` for a label out of range. */
  async open({ path, classes = 10, split = "train" }: CifarOptions, { listing }: Opening = {}): Promise<DataSet> {
    const head = classes === 10 ? 1 : 2, record = head + 3 * PLANE;
    const files = listing as { path: string; count: number }[] | undefined ?? binFiles(path, classes, split).map((file) => {
      const size = sizeOf(file);
      if (size === 0 || size % record !== 0) {
        throw new DataError(
          `${file}: has ${size} bytes, not a multiple of ${record} (CIFAR-${classes} records); it is cut short or of another kind`,
        );
      }
      return { path: file, count: size / record };
    });
    return {
      name: path,
      length: files.reduce((sum, { count }) => sum + count, 0),
      classes: classNames(path, classes),
      listing: files,
      async read(index: number): Promise<Sample> {
        let f = 0;
        while (index >= files[f].count) index -= files[f++].count;
        const name = `${files[f].path}#${index}`;
        const bytes = readAt(files[f].path, index * record, record), label = bytes[head - 1];
        if (label >= classes) {
          throw new DataError(`${name}: has label ${label}, there are ${classes} classes; the file is damaged or of another kind`);
        }
        const pixels = new Uint8Array(3 * PLANE);
        for (let p = 0; p < PLANE; p++) {
          for (let c = 0; c < 3; c++) pixels[3 * p + c] = bytes[head + c * PLANE + p];
        }
        return { name, picture: { width: 32, height: 32, pixels }, label };
      },
    };
  },
};

function binFiles(path: string, classes: 10 | 100, split: "train" | "test"): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
  } catch (error) {
    throw unreadable(path, error);
  }
  const wanted = classes === 100 ? new RegExp(`^${split}\\.bin$`) : split === "train" ? /^data_batch_\d+\.bin$/ : /^test_batch\.bin$/;
  const files = readdirSync(path).filter((name) => wanted.test(name)).sort();
  if (files.length === 0) {
    throw new DataError(`${path}: has no ${split} files of CIFAR-${classes} (${wanted.source}); give the unpacked folder`);
  }
  return files.map((name) => `${path}/${name}`);
}

function classNames(path: string, classes: 10 | 100): string[] | undefined {
  const file = `${path}/${classes === 10 ? "batches.meta.txt" : "fine_label_names.txt"}`;
  if (!existsSync(file)) return undefined;
  const names = new TextDecoder().decode(readWhole(file)).split("\n").map((line) => line.trim()).filter(Boolean);
  if (names.length !== classes) {
    throw new DataError(`${file}: names ${names.length} classes, CIFAR-${classes} has ${classes}; fetch the folder again`);
  }
  return names;
}
