// A folder of pictures, at any depth, without labels.
// deno-lint-ignore-file require-await -- a failure must be a rejection
import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { DataError } from "../../errors.ts";
import type { DataSet, Opening, Sample } from "./dataset.ts";
import { readWhole, unreadable } from "./read_at.ts";

export interface FolderOptions {
  path: string;
}

export const folder = {
  about: "every picture below a folder, without labels",

  /** Opens a folder of pictures. Throws DataError where there are none, or where a link makes a circle. */
  async open({ path }: FolderOptions, { listing }: Opening = {}): Promise<DataSet> {
    const files = listing as string[] | undefined ?? listPictures(path);
    if (files.length === 0) throw noPictures(path);
    return {
      name: path,
      length: files.length,
      listing: files,
      async read(index: number): Promise<Sample> {
        const name = `${path}/${files[index]}`;
        return { name, bytes: readWhole(name) };
      },
    };
  },
};

/** Extensions of pictures, lower case, without the dot. */
export const pictureExtensions = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "svg"];

/**
 * Whether a file name says "picture". Formats that the decoder refuses are in the list: such a file must be reported and not passed over
 * in silence.
 */
export function isPictureName(name: string): boolean {
  return pictureExtensions.includes(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
}

/**
 * Paths of all pictures below `root`, relative to it, "/" between parts, in the order of their UTF-16 code units (no locale, the same on
 * every machine). Links to folders are followed; hidden files and folders are not read. Throws DataError on a link that leads back to a
 * folder above it.
 */
export function listPictures(root: string): string[] {
  const files: string[] = [];
  const visit = (relative: string, above: string[]): void => {
    const path = relative ? `${root}/${relative}` : root;
    let here: string, entries: Dirent[];
    try {
      here = realpathSync(path);
      entries = readdirSync(path, { withFileTypes: true });
    } catch (error) {
      throw unreadable(path, error);
    }
    if (above.includes(here)) {
      throw new DataError(`${path}: links back to ${here}, a folder above it; remove the link, its pictures would repeat without end`);
    }
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const name = relative ? `${relative}/${entry.name}` : entry.name;
      if (entry.isDirectory() || (entry.isSymbolicLink() && leadsToFolder(`${root}/${name}`))) visit(name, [...above, here]);
      else if (isPictureName(entry.name)) files.push(name);
    }
  };
  visit("", []);
  return files.sort();
}

function leadsToFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch {
    return false; // a dangling link with a picture's name is listed, and reported when it is read
  }
}

/** The error for a folder in which nothing can be trained on. */
export function noPictures(path: string): DataError {
  return new DataError(
    `${path}: no pictures in this folder or below it; names end in ${pictureExtensions.map((e) => "." + e).slice(0, 6).join(", ")}`,
  );
}
