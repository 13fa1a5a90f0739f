// BERT's tokenizer: published ones from tokenizer.json or vocab.txt, own ones from a list of tokens.
import { existsSync, statSync } from "node:fs";
import { Tokenizer } from "npm:@huggingface/tokenizers@0.2.0";
import { DataError } from "../../errors.ts";
import { readWhole } from "../datasets/read_at.ts";
import { decodeText } from "./read_text.ts";

/** The tokens that every vocabulary of this project begins with; a published one has them anywhere. */
export const specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** What a tokenizer.json says, as far as this project looks at it. */
interface TokenizerJson {
  model: { type?: string; vocab: Record<string, number>; continuing_subword_prefix?: string };
  added_tokens?: { id: number; content: string }[];
}

/** A WordPiece tokenizer and its vocabulary. */
export class WordPiece {
  /** V */
  readonly size: number;
  /** By number; "" for a number that no token has. */
  readonly tokens: readonly string[];
  readonly pad: number;
  readonly unknown: number;
  readonly cls: number;
  readonly sep: number;
  readonly mask: number;
  /** (V) 1 for a token that begins a word. */
  readonly wordStarts: Uint8Array;
  readonly #tokenizer: Tokenizer;

  /** `json` is a tokenizer.json, parsed. Throws DataError for one of another kind, or without one of BERT's special tokens. */
  constructor(readonly json: object, readonly file = "tokenizer.json") {
    const { model, added_tokens: added = [] } = json as TokenizerJson;
    if (model?.type !== "WordPiece" || typeof model.vocab !== "object") {
      throw new DataError(
        `${file}: the model is of type ${JSON.stringify(model?.type)}, this reads "WordPiece"; give BERT's kind of tokenizer`,
      );
    }
    const numbers = new Map([...Object.entries(model.vocab), ...added.map(({ content, id }) => [content, id] as const)]);
    const tokens: string[] = new Array(Math.max(...numbers.values()) + 1).fill("");
    for (const [token, number] of numbers) tokens[number] = token;
    const special = (token: string) => {
      const number = numbers.get(token);
      if (number === undefined) {
        throw new DataError(`${file}: its ${tokens.length} tokens have no ${token}; give a vocabulary made for BERT`);
      }
      return number;
    };
    [this.pad, this.unknown, this.cls, this.sep, this.mask] = specialTokens.map(special);
    this.tokens = tokens;
    this.size = tokens.length;
    const prefix = model.continuing_subword_prefix ?? "##";
    this.wordStarts = Uint8Array.from(tokens, (token) => Number(!token.startsWith(prefix)));
    this.#tokenizer = new Tokenizer(json, {});
  }

  /** Numbers of a text's tokens, without [CLS] and [SEP]. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /** The text of tokens, without special ones: as it was but for what the normaliser and unknown words lost. */
  decode(ids: Iterable<number>): string {
    return this.#tokenizer.decode([...ids], { skip_special_tokens: true });
  }

  /** The words of a text, before they are cut into pieces. */
  words(text: string): string[] {
    const { normalizer, pre_tokenizer: splitter } = this.#tokenizer;
    const normal = normalizer ? normalizer.normalize(text) : text;
    return splitter ? splitter.pre_tokenize(normal) : [normal];
  }

  /** What a folder of this tokenizer holds, by the names that Hugging Face's libraries read. */
  files(): Record<"tokenizer.json" | "vocab.txt" | "tokenizer_config.json", string> {
    const lowercase = (this.json as { normalizer?: { lowercase?: boolean } }).normalizer?.lowercase ?? false;
    return {
      "tokenizer.json": JSON.stringify(this.json),
      "vocab.txt": this.tokens.map((token) => `${token}\n`).join(""),
      "tokenizer_config.json": JSON.stringify({ do_lower_case: lowercase, tokenizer_class: "BertTokenizer" }),
    };
  }
}

/** BERT's tokenizer over a list of tokens: clean text, split at white space, punctuation and each Chinese character, then into pieces. */
export function wordPieceOf(tokens: readonly string[], { lowercase = true }: { lowercase?: boolean } = {}, file = "vocab.txt"): WordPiece {
  const vocab: Record<string, number> = Object.create(null);
  for (const [number, token] of tokens.entries()) {
    if (token in vocab) {
      throw new DataError(`${file}: line ${number + 1} has ${JSON.stringify(token)} as line ${vocab[token] + 1} has; remove one`);
    }
    vocab[token] = number;
  }
  const part = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });
  const known = specialTokens.filter((token) => token in vocab);
  return new WordPiece({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: known.map((content) => ({
      id: vocab[content],
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [part("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, part("[SEP]")],
      pair: [],
      special_tokens: Object.fromEntries(["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [vocab[id] ?? 0], tokens: [id] }])),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: { ...vocab },
    },
  }, file);
}

/** Texts of a tokenizer's files, of those that there are. */
export type WordPieceFiles = Partial<Record<"tokenizer.json" | "vocab.txt" | "tokenizer_config.json", string>>;

/**
 * A tokenizer from the texts of its files: tokenizer.json counts before vocab.txt (one token a line). Whether a vocab.txt is for small letters
 * alone says tokenizer_config.json; without one, it is.
 *
 * @throws {DataError} where neither is there, or is none of BERT's.
 */
export function readWordPiece(files: WordPieceFiles, where: string): WordPiece {
  const { "tokenizer.json": json, "vocab.txt": list, "tokenizer_config.json": config } = files;
  if (json !== undefined) return new WordPiece(parsed(json, `${where}tokenizer.json`), `${where}tokenizer.json`);
  if (list === undefined) throw new DataError(`${where}: has neither tokenizer.json nor vocab.txt; give a folder with one`);
  const tokens = list.split(/\r?\n/);
  if (tokens.at(-1) === "") tokens.pop();
  const { do_lower_case: lowercase = true } = config === undefined
    ? {}
    : parsed(config, `${where}tokenizer_config.json`) as { do_lower_case?: boolean };
  return wordPieceOf(tokens, { lowercase }, `${where}vocab.txt`);
}

/** Opens a published tokenizer: a tokenizer.json, a vocab.txt, or a folder with one. Throws DataError as `readWordPiece`. */
export function openWordPiece(path: string): WordPiece {
  if (!existsSync(path)) throw new DataError(`${path}: does not exist; give a tokenizer.json, a vocab.txt, or a folder with one`);
  const isFolder = statSync(path).isDirectory(), folder = isFolder ? `${path}/` : path.replace(/[^/\\]*$/, "");
  const wanted = isFolder ? ["tokenizer.json", "vocab.txt"] : [path.endsWith(".json") ? "tokenizer.json" : "vocab.txt"];
  const files: WordPieceFiles = {};
  for (const name of [...wanted, "tokenizer_config.json"]) {
    const file = !isFolder && name === wanted[0] ? path : `${folder}${name}`;
    if (existsSync(file)) files[name as keyof WordPieceFiles] = decodeText(readWhole(file), { name: file });
  }
  return readWordPiece(files, folder);
}

function parsed(json: string, file: string): object {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new DataError(`${file}: is not JSON (${(error as Error).message}); give the file as it was published`);
  }
}
