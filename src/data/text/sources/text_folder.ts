// Labelled texts in folders: <class>/.../<text>.txt, one text a file.
import { type Dirent, readdirSync } from "node:fs";
import { DataError } from "../../../errors.ts";
import { readWhole, unreadable } from "../../datasets/read_at.ts";
import { decodeText } from "../read_text.ts";
import type { Text, TextOptions } from "./texts.ts";

export interface TextFolderOptions extends TextOptions {
  path: string;
}

export const textFolder = {
  about: "labelled texts: <class>/<text>.txt, one text a file",

  /** Throws DataError where there is no text, a class folder without one, or a text outside of all class folders. */
  *read({ path, encoding }: TextFolderOptions): Generator<Text> {
    const classes = entriesOf(path);
    const stray = classes.find((entry) => !entry.isDirectory() && entry.name.endsWith(".txt"));
    if (stray) throw new DataError(`${path}/${stray.name}: lies in no class folder; move it into one`);
    let count = 0;
    for (const { name } of classes.filter((entry) => entry.isDirectory())) {
      const files = textsBelow(`${path}/${name}`);
      if (files.length === 0) throw new DataError(`${path}/${name}: is a class folder without texts (.txt); remove it or fill it`);
      for (const file of files) yield { name: file, text: decodeText(readWhole(file), { name: file, encoding }), class: name };
      count += files.length;
    }
    if (count === 0) throw new DataError(`${path}: has no class folders with texts; give a folder of <class>/<text>.txt`);
  },
};

function textsBelow(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? textsBelow(path) : entry.name.endsWith(".txt") ? [path] : [];
  });
}

/** What is not hidden, in the order of code units: the same on every machine. */
function entriesOf(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith("."));
    return entries.sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    throw unreadable(folder, error);
  }
}
