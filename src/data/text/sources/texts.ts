// What a source of texts gives. Each file of this folder reads one kind; mod.ts is the table of them.
import { DataError } from "../../../errors.ts";
import { readWhole } from "../../datasets/read_at.ts";
import { decodeText, type Encoding } from "../read_text.ts";

export interface Text {
  /** Names the text in every error: the file, and the line where it has several. */
  name: string;
  text: string;
  /** Name of its class, where the source has classes. */
  class?: string;
}

/** What all kinds may be given. */
export interface TextOptions {
  /** How the files are written; "utf-8" if absent. */
  encoding?: Encoding;
  /** Texts without any character but white space: an error that names the first (if absent), or left out. */
  empty?: "fail" | "skip";
}

/** A kind of source: what the table of mod.ts holds. */
export interface TextSourceKind<Options> {
  /** One line for help texts. */
  about: string;
  /** Every text, in an order that does not change. Throws DataError. */
  read(options: Options): Iterable<Text>;
}

/** The lines of a file with their names; "\r\n" ends a line too, and after the last end there is no further line. */
export function* linesOf(path: string, encoding?: Encoding): Generator<{ name: string; text: string }> {
  const lines = decodeText(readWhole(path), { name: path, encoding }).split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [i, line] of lines.entries()) yield { name: `${path}:${i + 1}`, text: line.endsWith("\r") ? line.slice(0, -1) : line };
}

/** Throws DataError for a text without a word, or says that it is to be left out. */
export function isWanted({ name, text }: Text, empty: TextOptions["empty"] = "fail"): boolean {
  if (/\S/.test(text)) return true;
  if (empty === "skip") return false;
  throw new DataError(`${name}: is empty; write a text, remove it, or have empty ones left out (empty: "skip")`);
}
