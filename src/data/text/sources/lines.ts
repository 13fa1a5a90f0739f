// Files of one text a line: without classes, or one file a class.
import { DataError } from "../../../errors.ts";
import { linesOf, type Text, type TextOptions } from "./texts.ts";

export interface LinesOptions extends TextOptions {
  /** One file or several, read one after the other. */
  path?: string | string[];
  /** The file of each class: `{ negative: "rt-polarity.neg", positive: "rt-polarity.pos" }`. */
  files?: Record<string, string>;
}

export const lines = {
  about: "one text a line: files without classes, or one file a class",

  /** Throws DataError where neither or both of `path` and `files` are given, or a file cannot be read. */
  *read({ path, files, encoding }: LinesOptions): Generator<Text> {
    if ((path === undefined) === (files === undefined)) {
      throw new DataError(`lines: ${path === undefined ? "neither path nor files is" : "path and files are both"} given; give one of them`);
    }
    for (const file of [path ?? []].flat()) yield* linesOf(file, encoding);
    for (const [name, file] of Object.entries(files ?? {})) {
      for (const line of linesOf(file, encoding)) yield { ...line, class: name };
    }
  },
};
