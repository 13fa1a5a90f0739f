// Labelled pictures in folders: <class>/.../<picture>, the layout of torchvision's ImageFolder; or a folder with a label file.
// deno-lint-ignore-file require-await -- a failure must be a rejection
import { existsSync, readdirSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { parseCsv } from "./csv.ts";
import type { DataSet, Opening, Sample } from "./dataset.ts";
import { isPictureName, listPictures, noPictures } from "./folder.ts";
import { readWhole } from "./read_at.ts";

export interface ImageFolderOptions {
  path: string;
  /** A CSV file within `path` whose first two columns are picture path and class name; without it the first folder is the class. */
  labels?: string;
  /** The classes in label order, for example those of the training split; without it the names found, sorted. */
  classes?: string[];
}

interface Listing {
  files: string[];
  labels: Int32Array;
  classes: string[];
}

export const imageFolder = {
  about: "labelled pictures: <class>/<picture>, or a folder with a CSV of picture and class",

  /** Opens labelled pictures. Throws DataError where a picture has no class, a class no picture, or label file and folder disagree. */
  async open({ path, labels, classes }: ImageFolderOptions, { listing }: Opening = {}): Promise<DataSet> {
    const found = listing as Listing | undefined ?? numberClasses(path, labels ? byLabelFile(path, labels) : byFolder(path), classes);
    return {
      name: path,
      length: found.files.length,
      classes: found.classes,
      listing: found,
      async read(index: number): Promise<Sample> {
        const name = `${path}/${found.files[index]}`;
        return { name, bytes: readWhole(name), label: found.labels[index] };
      },
    };
  },
};

/** [picture, class name] pairs from the folders' names. */
function byFolder(path: string): [string, string][] {
  const files = listPictures(path);
  if (files.length === 0) throw noPictures(path);
  const pairs = files.map((file): [string, string] => {
    if (!file.includes("/")) throw new DataError(`${path}/${file}: lies in no class folder; move it into one, or open ${path} as "folder"`);
    return [file, file.slice(0, file.indexOf("/"))];
  });
  const classes = new Set(pairs.map(([, name]) => name));
  const empty = readdirSync(path, { withFileTypes: true }).find((e) => e.isDirectory() && !e.name.startsWith(".") && !classes.has(e.name));
  if (empty) throw new DataError(`${path}/${empty.name}: is a class folder without pictures; remove it or fill it`);
  return pairs;
}

/** [picture, class name] pairs from a CSV file; folder and file must list the same pictures. */
function byLabelFile(path: string, labels: string): [string, string][] {
  const where = `${path}/${labels}`;
  const rows = parseCsv(new TextDecoder().decode(readWhole(where)));
  if (rows.length > 0 && !isPictureName(rows[0][0])) rows.shift(); // the names of the columns
  const names = new Map<string, string>();
  for (const [file, name] of rows) {
    if (!name) throw new DataError(`${where}: has no class for ${file}; the second column is the class`);
    if (names.has(file) && names.get(file) !== name) {
      throw new DataError(`${where}: says ${file} is ${names.get(file)} and ${name}; keep one`);
    }
    names.set(file, name);
  }
  const files = listPictures(path);
  if (files.length === 0) throw noPictures(path);
  const without = files.filter((file) => !names.has(file));
  if (without.length > 0) throw new DataError(`${where}: names no class for ${some(without)}; add the rows or remove the pictures`);
  const present = new Set(files), gone = [...names.keys()].filter((file) => !present.has(file) && !existsSync(`${path}/${file}`));
  if (gone.length > 0) {
    throw new DataError(`${where}: has rows for ${some(gone)}, which are not there; remove the rows or bring the pictures back`);
  }
  return files.map((file) => [file, names.get(file)!]);
}

function numberClasses(path: string, pairs: [string, string][], classes?: string[]): Listing {
  const names = classes ?? [...new Set(pairs.map(([, name]) => name))].sort();
  const number = new Map(names.map((name, label) => [name, label]));
  const stranger = pairs.find(([, name]) => !number.has(name));
  if (stranger) {
    throw new DataError(
      `${path}/${stranger[0]}: is of class ${stranger[1]}, which is not among the ${names.length} classes given (${some(names)})`,
    );
  }
  return { files: pairs.map(([file]) => file), labels: Int32Array.from(pairs, ([, name]) => number.get(name)!), classes: names };
}

const some = (names: string[]) => names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
