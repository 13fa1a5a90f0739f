// Tokens of a whole data set in one file, for recipes with fixed crops: written once, read by index.
//
// "ZELTOKEN", the length of a JSON header (u32), the header, zeros up to a multiple of 8, then the ids of picture after picture, row by
// row, little-endian, u16 where the vocabulary allows and u32 where not.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { z } from "npm:zod@4.6.7";
import { atomicWrite } from "../checkpoint/atomic_write.ts";
import { CheckpointError } from "../errors.ts";
import { parseWith } from "../schema.ts";

const magic = "ZELTOKEN", begin = magic.length + 4;

const Header = z.strictObject({
  /** Fingerprint of the tokenizer's weights. */
  fingerprint: z.string(),
  /** Of what was encoded: data set, crops. */
  data: z.string(),
  vocab: z.int().positive(),
  /** [h, w] tokens of a picture. */
  grid: z.tuple([z.int().positive(), z.int().positive()]),
  pictures: z.int().min(0),
});
export type TokenCacheHeader = z.infer<typeof Header>;

const bytesPerId = (vocab: number) => vocab <= 2 ** 16 ? 2 : 4;

/**
 * Writes a cache, whole or not at all. `ids` gives any number of pictures at a time, in order.
 *
 * Throws CheckpointError when there are more or fewer than the header says, or an id is outside the vocabulary.
 */
export async function writeTokenCache(
  path: string,
  header: TokenCacheHeader,
  ids: AsyncIterable<ArrayLike<number>> | Iterable<ArrayLike<number>>,
): Promise<void> {
  const { vocab, grid: [h, w], pictures } = header, wanted = pictures * h * w;
  async function* chunks() {
    yield headerBytes(header);
    let written = 0;
    for await (const some of ids) {
      const values = bytesPerId(vocab) === 2 ? new Uint16Array(some.length) : new Uint32Array(some.length);
      for (let i = 0; i < some.length; i++) {
        if (!(some[i] < vocab)) {
          throw new CheckpointError(
            `${path}: token ${some[i]} is outside the vocabulary of ${vocab}; encode with the tokenizer of this cache`,
          );
        }
        values[i] = some[i];
      }
      written += some.length;
      yield new Uint8Array(values.buffer);
    }
    if (written !== wanted) {
      throw new CheckpointError(
        `${path}: ${written} tokens were given for ${pictures} pictures of ${h} x ${w}, ${wanted} are needed; give each picture once`,
      );
    }
  }
  await atomicWrite(path, chunks());
}

export interface TokenCache {
  readonly header: TokenCacheHeader;
  /** The ids (h * w) of one picture. @throws CheckpointError for an index that is none. */
  read(index: number): Uint32Array;
  close(): void;
}

/**
 * Opens a cache. `wanted` says what it must have been made of; nothing is checked where it is absent.
 *
 * Throws CheckpointError, naming the file and both values, for another tokenizer, other data or another vocabulary, for a file that is
 * cut short or too long, and for one that is no cache.
 */
export function openTokenCache(path: string, wanted: Partial<Pick<TokenCacheHeader, "fingerprint" | "data" | "vocab">> = {}): TokenCache {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new CheckpointError(`${path}: cannot be opened (${(error as Error).message}); write the cache first`, { cause: error });
  }
  try {
    const size = sizeOf(file, path), { header, start } = readHeader(file, path, size), [h, w] = header.grid;
    for (const [key, value] of Object.entries(wanted) as [keyof typeof wanted, string | number | undefined][]) {
      if (value !== undefined && header[key] !== value) {
        throw new CheckpointError(`${path}: was made with ${key} ${header[key]}, ${value} is wanted; write the cache again`);
      }
    }
    const width = bytesPerId(header.vocab), bytes = h * w * width, expected = start + header.pictures * bytes;
    if (size !== expected) {
      const fault = size < expected ? "is cut short" : "is too long";
      throw new CheckpointError(
        `${path}: ${fault}, it has ${size} bytes and ${header.pictures} pictures need ${expected}; write the cache again`,
      );
    }
    return {
      header,
      read(index) {
        if (!Number.isInteger(index) || index < 0 || index >= header.pictures) {
          throw new CheckpointError(`${path}: has no picture ${index}, it has ${header.pictures}; use the data set that it was made of`);
        }
        const raw = readExactly(file, path, start + index * bytes, bytes);
        return Uint32Array.from(width === 2 ? new Uint16Array(raw.buffer) : new Uint32Array(raw.buffer));
      },
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function sizeOf(file: number, path: string): number {
  const facts = fstatSync(file);
  if (!facts.isFile()) throw new CheckpointError(`${path}: is no file; give the one that the tokens were written to`);
  return facts.size;
}

function headerBytes(header: TokenCacheHeader): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header)), bytes = new Uint8Array(Math.ceil((begin + text.length) / 8) * 8);
  bytes.set(new TextEncoder().encode(magic));
  new DataView(bytes.buffer).setUint32(magic.length, text.length, true);
  bytes.set(text, begin);
  return bytes;
}

function readHeader(file: number, path: string, size: number): { header: TokenCacheHeader; start: number } {
  const foreign = (what: string) => new CheckpointError(`${path}: is no token cache, ${what}; write the cache again`);
  if (size < begin) throw foreign(`it has ${size} bytes`);
  const head = readExactly(file, path, 0, begin), found = String.fromCharCode(...head.subarray(0, magic.length));
  if (found !== magic) throw foreign(`it begins with ${JSON.stringify(found)}`);
  const length = new DataView(head.buffer).getUint32(magic.length, true);
  if (length > Math.min(size - begin, 1 << 20)) throw foreign(`its header should have ${length} bytes and the file has ${size}`);
  const text = new TextDecoder().decode(readExactly(file, path, begin, length));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw foreign("its header is not JSON");
  }
  const header = parseWith(Header, parsed, (faults) => foreign(`its header is wrong: ${faults}`));
  return { header, start: Math.ceil((begin + length) / 8) * 8 };
}

function readExactly(file: number, path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const read = length ? readSync(file, bytes, 0, length, offset) : 0;
  if (read !== length) {
    throw new CheckpointError(`${path}: ends at byte ${offset + read}, ${offset + length} are needed; write the cache again`);
  }
  return bytes;
}
