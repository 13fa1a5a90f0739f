// Texts in a column of a CSV or TSV file, their classes in another.
import { parse } from "npm:csv-parse@7.0.3/sync";
import { DataError } from "../../../errors.ts";
import { readWhole } from "../../datasets/read_at.ts";
import { decodeText } from "../read_text.ts";
import type { Text, TextOptions } from "./texts.ts";

export interface TableOptions extends TextOptions {
  path: string;
  /** Columns by the names in the first row, or by number (from 0) in a file that has no such row. */
  text: string | number;
  class?: string | number;
  /** What parts the columns; absent: a tab in a .tsv, else a comma. Between tabs, quotation marks are characters like others. */
  separator?: string;
}

interface Row {
  record: string[];
  info: { lines: number };
}

export const table = {
  about: "a column of a CSV or TSV file, with the classes in another",

  /** Throws DataError for a torn quote, a row with more or fewer cells than the first, and a column that is not there. */
  *read({ path, text, class: label, separator = path.endsWith(".tsv") ? "\t" : ",", encoding }: TableOptions): Generator<Text> {
    const rows = rowsOf(path, decodeText(readWhole(path), { name: path, encoding }), separator);
    const named = [text, label].some((column) => typeof column === "string"), head = named ? rows.shift()?.record ?? [] : undefined;
    const columns = [text, label].map((column) =>
      column === undefined ? undefined : placeOf(column, head, rows[0]?.record.length ?? 0, path)
    );
    const [textAt, labelAt] = columns as [number, number | undefined];
    for (const { record, info } of rows) {
      yield { name: `${path}:${info.lines}`, text: record[textAt], ...labelAt !== undefined && { class: record[labelAt] } };
    }
  },
};

function rowsOf(path: string, text: string, separator: string): Row[] {
  try {
    const options = { delimiter: separator, quote: separator === "\t" ? null : '"', skip_empty_lines: true, info: true };
    return parse(text, options) as unknown as Row[];
  } catch (error) {
    throw new DataError(`${path}: is no table (${(error as Error).message}); mend the line`, { cause: error });
  }
}

function placeOf(column: string | number, head: string[] | undefined, width: number, path: string): number {
  const place = typeof column === "number" ? column : head!.indexOf(column), most = head?.length ?? width;
  if (place >= 0 && place < most && Number.isInteger(place)) return place;
  const there = head ? head.map((name) => JSON.stringify(name)).join(", ") : `0 to ${width - 1}`;
  throw new DataError(`${path}: has no column ${JSON.stringify(column)}; its columns are ${there}`);
}
