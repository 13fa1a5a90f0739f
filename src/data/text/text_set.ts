// Texts as numbers of tokens: tokenised once, when the set is opened (about a quarter of a million tokens a second), so that a batch is a
// copy. A token takes 4 bytes.
import { DataError } from "../../errors.ts";
import { readTexts, type Texts, type TextSource } from "./sources/mod.ts";
import type { WordPiece } from "./word_piece.ts";

export interface TextSetOptions {
  /** T, tokens of the longest text, [CLS] and [SEP] included. */
  length: number;
  /** Longer texts: an error that names the first (if absent), only their beginning, or all of them in windows of equal length. */
  long?: "fail" | "truncate" | "windows";
  /** Texts without a token: an error that names the first (if absent), or left out. */
  empty?: "fail" | "skip";
}

export interface TextSample {
  name: string;
  /** (L) [CLS], the tokens, [SEP]; L is T at most. */
  ids: Uint32Array;
  /** Number of the class; -1 where there is none. */
  label: number;
}

/** A fixed list of tokenised texts. */
export class TextSet {
  readonly name: string;
  readonly length: number;
  /** Names of the classes, by label; absent where the texts have none. */
  readonly classes?: string[];
  /** (length) numbers of the classes. */
  readonly labels: Int32Array;
  readonly #samples: readonly TextSample[];

  constructor(
    name: string,
    samples: readonly TextSample[],
    /** T: no sample is longer. */
    readonly tokens: number,
    readonly wordPiece: WordPiece,
    classes?: string[],
  ) {
    this.name = name;
    this.length = samples.length;
    this.labels = Int32Array.from(samples, ({ label }) => label);
    this.#samples = samples;
    if (classes) this.classes = classes;
  }

  /** The sample at `index`, 0 .. length - 1. */
  read(index: number): TextSample {
    return this.#samples[index];
  }

  /** The samples with these numbers, as a set of their own. */
  subset(indices: Iterable<number>): TextSet {
    return new TextSet(this.name, Array.from(indices, (i) => this.#samples[i]), this.tokens, this.wordPiece, this.classes);
  }
}

/** Reads and tokenises a source. Throws DataError for what the source or `tokenise` finds wrong. */
export function openTextSet(source: TextSource, wordPiece: WordPiece, options: Omit<TextSetOptions, "empty">): TextSet {
  return tokenise(readTexts(source), wordPiece, { ...options, empty: source.empty });
}

/** Texts as a set. Throws DataError for a text that is too long, and for one without any token. */
export function tokenise(
  { name, texts, classes }: Texts,
  wordPiece: WordPiece,
  { length, long = "fail", empty = "fail" }: TextSetOptions,
): TextSet {
  const room = length - 2, { sep, cls } = wordPiece, samples: TextSample[] = [];
  if (!Number.isInteger(length) || room < 1) throw new DataError(`texts: the length is ${length} tokens; give a whole number from 3`);
  for (const { name, text, label } of texts) {
    const ids = wordPiece.encode(text);
    if (ids.length === 0) {
      if (empty === "skip") continue;
      throw new DataError(`${name}: has no token but white space; write a text, remove it, or have empty ones left out (empty: "skip")`);
    }
    if (ids.length > room && long === "fail") {
      throw new DataError(`${name}: has ${ids.length + 2} tokens, the longest may have ${length}; cut it, or choose truncate or windows`);
    }
    const kept = long === "truncate" ? ids.slice(0, room) : ids, windows = Math.ceil(kept.length / room), share = kept.length / windows;
    for (let w = 0; w < windows; w++) {
      const from = Math.round(w * share), to = Math.round((w + 1) * share);
      samples.push({ name, ids: Uint32Array.from([cls, ...kept.slice(from, to), sep]), label });
    }
  }
  if (samples.length === 0) throw new DataError(`${name}: has no texts; give a source with at least one`);
  return new TextSet(name, samples, length, wordPiece, classes);
}
