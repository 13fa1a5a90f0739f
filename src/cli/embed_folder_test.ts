import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { encodePng } from "../data/encode.ts";
import { blank } from "../data/panels.ts";
import type { Pixels } from "../inference/types.ts";
import { type Embedder, embedFolder } from "./embed_folder.ts";

const folder = mkdtempSync(`${tmpdir()}/zellige-embed-`), pictures = `${folder}/pictures`, batches: number[] = [];
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(pictures);
for (let n = 0; n < 10; n++) {
  const good = n !== 3 && n < 8; // 8 and 9 make a batch without any good picture
  writeFileSync(`${pictures}/${n}.png`, good ? await encodePng(blank(20, 12, [10 * n, 100, 200])) : "no picture");
}

/** The colour of a picture's first pixel; pictures whose red is 50 break it. */
const embedder: Embedder = {
  view: { size: 8, filter: "bicubic", share: 1 },
  fingerprint: "first pixel",
  batchSize: 2,
  embed({ count, size, data }: Pixels) {
    batches.push(count);
    const rows = Array.from({ length: count }, (_, i) => {
      const [r, g, b] = data.subarray(i * size * size * 3);
      return r === 50 ? [NaN, g, b] : [r, g, b];
    });
    return Promise.resolve({ ms: 0, dimensions: 3, data: Float32Array.from(rows.flat()) });
  },
};

const source = { kind: "folder" as const, path: pictures };

for (const workers of [0, 2]) {
  test(`embedFolder() with ${workers} workers embeds every good picture in order, and names the others with the reason`, async () => {
    const out = `${folder}/${workers}.jsonl`, progress: number[] = [];
    batches.length = 0;
    const report = await embedFolder(embedder, { source, out, workers, onProgress: (done) => progress.push(done) });
    expect(report).toMatchObject({ out, pictures: 10, embedded: 6, dimensions: 3, fingerprint: "first pixel" });
    const lines = readFileSync(out, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    expect(lines.map(({ name, embedding }) => [name, embedding[0]])).toEqual(
      [0, 1, 2, 4, 6, 7].map((n) => [`${pictures}/${n}.png`, 10 * n]),
    );
    expect(report.bad.map(({ name }) => name)).toEqual([3, 5, 8, 9].map((n) => `${pictures}/${n}.png`));
    expect(report.bad[1].reason).toBe("the model gives values that are no numbers");
    expect(report.bad[0].reason).toMatch(/no picture format begins with bytes/);
    expect(batches).toEqual([2, 1, 2, 2]);
    expect(progress.at(0)).toBe(0);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  });
}

test("embedFolder() leaves the old file alone when nothing can be embedded, the model fails, or it is stopped", async () => {
  const out = `${folder}/old.npy`, bad = `${folder}/bad`;
  mkdirSync(bad);
  writeFileSync(`${bad}/a.png`, "no picture");
  writeFileSync(out, "old");
  const options = { source, out, workers: 0 };
  await expect(embedFolder(embedder, { ...options, source: { ...source, path: bad } })).rejects.toThrow(
    /none of its 1 samples can be used/,
  );
  let calls = 0;
  const failing = {
    ...embedder,
    embed: (pixels: Pixels) => ++calls > 1 ? Promise.reject(new Error("device lost")) : embedder.embed(pixels),
  };
  await expect(embedFolder(failing, options)).rejects.toThrow(/device lost/);
  const stop = new AbortController();
  await expect(
    embedFolder(embedder, { ...options, signal: stop.signal, onProgress: (done) => done > 2 && stop.abort(new Error("stopped")) }),
  )
    .rejects.toThrow(/stopped/);
  expect(readFileSync(out, "utf8")).toBe("old");
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  expect(existsSync(`${out}.names.json`)).toBe(false);
});
