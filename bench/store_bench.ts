// deno run -A bench/store_bench.ts [ROWS…], or bun: ingest and exact search of the SQLite store at 192 and 768 dimensions.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openStore } from "../src/store/mod.ts";

const BATCH = 1000, REPEATS = 9, K = 10;

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1];

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const start = performance.now(), result = await work();
  return [performance.now() - start, result];
}

async function medianOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) times.push((await timed(work))[0]);
  return median(times);
}

async function measure(folder: string, rows: number, dimensions: number): Promise<void> {
  const file = join(folder, `${rows}x${dimensions}.db`);
  const store = await openStore(file);
  await store.createCollection("c", { dimensions, metric: "cosine", fingerprint: "bench" });
  const vector = () => Float32Array.from({ length: dimensions }, () => Math.random() - 0.5);
  const puts: number[] = [];
  for (let from = 0; from < rows; from += BATCH) {
    const items = Array.from({ length: BATCH }, (_, i) => ({ id: `i${from + i}`, vector: vector(), metadata: { tenth: i % 10 } }));
    puts.push((await timed(() => store.put("c", "bench", items)))[0]);
  }
  const one = { id: "one", vector: vector() };
  const single = await medianOf(() => store.put("c", "bench", [one]));
  await store.close();

  const [open, again] = await timed(() => openStore(file));
  const search = (filter?: { tenth: number }) => again.search("c", { query: { vector: vector(), fingerprint: "bench" }, k: K, filter });
  const [first] = await timed(() => search());
  await search();
  const all = await medianOf(() => search()), filtered = await medianOf(() => search({ tenth: 3 }));
  await again.close();

  await using paged = await openStore(file, { memory: 0 });
  const fromFile = (await timed(() => paged.search("c", { query: { vector: vector(), fingerprint: "bench" }, k: K })))[0];
  const show = (ms: number) => `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
  console.log(
    `${String(rows).padStart(7)} x ${String(dimensions).padEnd(4)} put ${
      (rows / puts.reduce((a, b) => a + b) * 1000).toFixed(0)
    } items/s, ` +
      `one item ${show(single)}; open and check ${show(open)}, first search ${show(first)}, search ${show(all)}, ` +
      `with a filter for a tenth ${show(filtered)}, from the file ${show(fromFile)}; ${(statSync(file).size / 1e6).toFixed(0)} MB`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "store-bench-"));
try {
  const sizes = process.argv.slice(2).map(Number);
  for (const rows of sizes.length ? sizes : [10_000, 100_000]) {
    for (const dimensions of [192, 768]) await measure(folder, rows, dimensions);
  }
} finally {
  rmSync(folder, { recursive: true });
}
