import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { openTokenCache, type TokenCacheHeader, writeTokenCache } from "./token_cache.ts";

const folder = mkdtempSync(join(tmpdir(), "tokens-"));
const header: TokenCacheHeader = { fingerprint: "ab".repeat(16), data: "mosaics", vocab: 300, grid: [2, 3], pictures: 4 };
const ids = Array.from({ length: 4 }, (_, n) => Array.from({ length: 6 }, (_, i) => (n * 97 + i * 41) % 300));
const path = (name: string) => join(folder, name);

for (const vocab of [300, 70_000]) {
  test(`tokens of a vocabulary of ${vocab} come back by index, in ${vocab > 65536 ? 4 : 2} bytes each`, async () => {
    const file = path(`${vocab}.tokens`);
    await writeTokenCache(file, { ...header, vocab }, [ids[0], [...ids[1], ...ids[2]], ids[3]]);
    const cache = openTokenCache(file, { fingerprint: header.fingerprint, data: "mosaics", vocab });
    for (const index of [3, 0, 2, 1]) expect(Array.from(cache.read(index))).toEqual(ids[index]);
    expect(cache.header).toEqual({ ...header, vocab });
    expect(() => cache.read(4)).toThrow(/has no picture 4, it has 4/);
    cache.close();
    expect(readFileSync(file).length % 8 === 0 && readFileSync(file).length < 300).toBe(true);
  });
}

test("a cache of another tokenizer, other data or another vocabulary is refused with both values", async () => {
  const file = path("other.tokens");
  await writeTokenCache(file, header, ids);
  expect(() => openTokenCache(file, { fingerprint: "cd" })).toThrow(CheckpointError);
  expect(() => openTokenCache(file, { fingerprint: "cd" })).toThrow(/other.tokens: was made with fingerprint abab.*, cd is wanted/);
  expect(() => openTokenCache(file, { data: "photos" })).toThrow(/data mosaics, photos is wanted/);
  expect(() => openTokenCache(file, { vocab: 8192 })).toThrow(/vocab 300, 8192 is wanted/);
});

test("a file that is cut anywhere, too long or of another kind is refused by name", async () => {
  const file = path("whole.tokens"), cut = path("cut.tokens");
  await writeTokenCache(file, header, ids);
  const bytes = readFileSync(file);
  for (let length = 0; length < bytes.length; length += 3) {
    writeFileSync(cut, bytes.subarray(0, length));
    expect(() => openTokenCache(cut), `${length} bytes`).toThrow(CheckpointError);
  }
  writeFileSync(cut, bytes.subarray(0, bytes.length - 1));
  expect(() => openTokenCache(cut)).toThrow(/cut.tokens: is cut short, it has \d+ bytes and 4 pictures need \d+/);
  writeFileSync(cut, Uint8Array.of(...bytes, 0));
  expect(() => openTokenCache(cut)).toThrow(/is too long/);
  writeFileSync(cut, "{}".repeat(20));
  expect(() => openTokenCache(cut)).toThrow(/is no token cache, it begins with/);
  expect(() => openTokenCache(path("none.tokens"))).toThrow(/cannot be opened/);
});

test("what does not fill the cache, or is no token, is not written", async () => {
  await expect(writeTokenCache(path("few.tokens"), header, ids.slice(1))).rejects.toThrow(
    /18 tokens were given for 4 pictures of 2 x 3, 24 are/,
  );
  await expect(writeTokenCache(path("few.tokens"), { ...header, vocab: 8 }, ids)).rejects.toThrow(
    /token 41 is outside the vocabulary of 8/,
  );
  expect(() => openTokenCache(path("few.tokens"))).toThrow(/cannot be opened/);
});
