// The table of sources of texts.
import { DataError } from "../../../errors.ts";
import { lines, type LinesOptions } from "./lines.ts";
import { table, type TableOptions } from "./table.ts";
import { textFolder, type TextFolderOptions } from "./text_folder.ts";
import { isWanted, type Text, type TextSourceKind } from "./texts.ts";

export type { Text, TextOptions, TextSourceKind } from "./texts.ts";

/** Every kind of source by the name that recipes use. */
export const textSources = { lines, text_folder: textFolder, table };

/** What every source may be given beside the options of its kind. */
export interface Selection {
  /** The classes in label order, for example those of the training texts; without it the names found, sorted. */
  classes?: string[];
}

/** Texts in words, as a recipe holds them: `{ kind: "lines", path: "reviews.txt" }`. */
export type TextSource =
  & Selection
  & (
    | { kind: "lines" } & LinesOptions
    | { kind: "text_folder" } & TextFolderOptions
    | { kind: "table" } & TableOptions
  );

/** A text with the number of its class; -1 where it has none. */
export type LabelledText = Omit<Text, "class"> & { label: number };

export interface Texts {
  name: string;
  texts: LabelledText[];
  /** Names of the classes, by label; absent where the source has none. */
  classes?: string[];
}

/** Reads every text of a source. Throws DataError for an unknown kind or class, an empty text, a source without texts, and what a kind finds wrong. */
export function readTexts(source: TextSource): Texts {
  const { kind, classes: given, ...options } = source;
  if (!Object.hasOwn(textSources, kind)) {
    throw new DataError(`texts: there is no kind "${kind}"; give one of ${Object.keys(textSources).join(", ")}`);
  }
  const all = [...(textSources[kind] as TextSourceKind<unknown>).read(options)].filter((text) => isWanted(text, source.empty));
  const found = new Set(all.flatMap((text) => text.class === undefined ? [] : [text.class]));
  const classes = given ?? [...found].sort(), number = new Map(classes.map((name, label) => [name, label]));
  const stranger = all.find((text) => text.class !== undefined && !number.has(text.class));
  if (stranger) {
    const some = classes.slice(0, 3).join(", ") + (classes.length > 3 ? ", ..." : "");
    throw new DataError(
      `${stranger.name}: is of class ${JSON.stringify(stranger.class)}, which is not among the ${classes.length} given (${some})`,
    );
  }
  const texts = all.map(({ class: name, ...text }) => ({ ...text, label: name === undefined ? -1 : number.get(name)! }));
  const name = nameOf(source);
  if (texts.length === 0) throw new DataError(`${name}: has no texts; give a source with at least one`);
  return { name, texts, ...found.size > 0 && { classes } };
}

function nameOf(source: TextSource): string {
  const files = source.kind === "lines" ? [source.path ?? Object.values(source.files ?? {})].flat() : [source.path];
  return files.join(", ");
}
