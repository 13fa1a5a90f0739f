// A vocabulary of word pieces for own texts: beginning with single characters, the commonest pair of neighbours becomes one piece, until the
// vocabulary is full. As in Hugging Face's WordPieceTrainer, pairs count by how often they stand in the texts.
import { DataError } from "../../errors.ts";
import { MaxHeap } from "./max_heap.ts";
import { specialTokens, type WordPiece, wordPieceOf } from "./word_piece.ts";

export interface TrainOptions {
  /** Tokens of the vocabulary, the five special ones included; fewer where the texts do not have as many pairs. */
  size: number;
  lowercase?: boolean;
  /** How often a pair must stand in the texts. */
  least?: number;
  /** Characters of the alphabet, the commonest; others are unknown. */
  alphabet?: number;
}

/** Numbers of two neighbouring pieces as one: exact below 2^53. */
const pairKey = (a: number, b: number) => a * 2 ** 26 + b;

/** Trains a tokenizer on texts. Throws DataError where the size leaves no room, or the texts have no word. */
export function trainWordPiece(texts: Iterable<string>, { size, lowercase = true, least = 2, alphabet = 1000 }: TrainOptions): WordPiece {
  const counts = countWords(texts, lowercase);
  if (counts.size === 0) throw new DataError("trainWordPiece: the texts have no word; give texts with words");
  const characters = commonest(counts, alphabet), tokens = [...specialTokens];
  const numbers = new Map<string, number>();
  const number = (piece: string) => {
    if (!numbers.has(piece)) {
      numbers.set(piece, tokens.length);
      tokens.push(piece);
    }
    return numbers.get(piece)!;
  };
  for (const character of characters) number(character);
  for (const character of characters) number(`##${character}`);
  if (tokens.length > size) {
    throw new DataError(
      `trainWordPiece: the size ${size} has no room for ${specialTokens.length} special tokens and ${characters.length} characters twice; give at least ${tokens.length}`,
    );
  }
  const known = new Set(characters);
  const words = [...counts].map(([word, count]) => ({ count, pieces: [...word].map((c, i) => ({ c, i })) }))
    .filter(({ pieces }) => pieces.every(({ c }) => known.has(c)))
    .map(({ count, pieces }) => ({ count, pieces: pieces.map(({ c, i }) => number(i ? `##${c}` : c)) }));

  const pairs = new Pairs(words);
  while (tokens.length < size) {
    const best = pairs.best();
    if (!best || best.count < least) break;
    const piece = number(tokens[best.a] + tokens[best.b].slice(2));
    pairs.join(best.a, best.b, piece);
  }
  return wordPieceOf(tokens, { lowercase });
}

function countWords(texts: Iterable<string>, lowercase: boolean): Map<string, number> {
  const splitter = wordPieceOf(specialTokens, { lowercase }), counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of splitter.words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** The commonest characters, in the order of their code points, so that equal texts in another order give the same vocabulary. */
function commonest(words: Map<string, number>, most: number): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  const order = (a: string, b: string) => a.codePointAt(0)! - b.codePointAt(0)!;
  return [...counts].sort(([a, m], [b, n]) => n - m || order(a, b)).slice(0, most).map(([character]) => character).sort(order);
}

interface Word {
  count: number;
  pieces: number[];
}

/** Neighbouring pieces of all words: how often each pair stands there, and in which words. */
class Pairs {
  readonly #counts = new Map<number, number>();
  readonly #where = new Map<number, Set<Word>>();
  /** Every count that a pair has had since it last grew; out of date where #counts says otherwise. */
  readonly #heap = new MaxHeap();

  constructor(words: Word[]) {
    for (const word of words) this.#add(word, 1);
    for (const [key, count] of this.#counts) this.#heap.push(count, key);
  }

  /** The commonest pair, of equals the one whose pieces came first. */
  best(): { a: number; b: number; count: number } | undefined {
    for (let top = this.#heap.pop(); top; top = this.#heap.pop()) {
      const { priority: count, key } = top, now = this.#counts.get(key) ?? 0;
      if (now === count) return { a: Math.floor(key / 2 ** 26), b: key % 2 ** 26, count };
      if (now > 0) this.#heap.push(now, key);
    }
  }

  /** Makes the pair one piece wherever it stands. */
  join(a: number, b: number, piece: number): void {
    for (const word of [...this.#where.get(pairKey(a, b)) ?? []]) {
      this.#add(word, -1);
      const { pieces } = word, joined: number[] = [];
      for (let i = 0; i < pieces.length; i++) {
        if (pieces[i] === a && pieces[i + 1] === b) {
          joined.push(piece);
          i++;
        } else joined.push(pieces[i]);
      }
      word.pieces = joined;
      for (const key of this.#add(word, 1)) this.#heap.push(this.#counts.get(key)!, key);
    }
  }

  #add(word: Word, sign: 1 | -1): Set<number> {
    const keys = new Set<number>();
    for (let i = 0; i + 1 < word.pieces.length; i++) {
      const key = pairKey(word.pieces[i], word.pieces[i + 1]);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + sign * word.count);
      keys.add(key);
    }
    for (const key of keys) {
      if (sign === 1) {
        if (!this.#where.has(key)) this.#where.set(key, new Set());
        this.#where.get(key)!.add(word);
      } else this.#where.get(key)!.delete(word);
    }
    return keys;
  }
}
