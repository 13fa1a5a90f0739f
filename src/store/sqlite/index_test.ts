import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bruteForce, FINGERPRINT, ids, noise, someItems } from "../testing.ts";
import { SqliteStore } from "./sqlite_store.ts";

const folder = mkdtempSync(join(tmpdir(), "store-index-"));
afterAll(() => rmSync(folder, { recursive: true }));

const D = 24, items = someItems(3000, D), options = { indexed: true };

/** Puts the items in batches, with a search in between, and returns the store. */
async function filled(file: string, metric: "cosine" | "dot" | "euclidean"): Promise<SqliteStore> {
  const store = await SqliteStore.open(file, options);
  await store.createCollection("c", { dimensions: D, metric, fingerprint: FINGERPRINT });
  await store.put("c", FINGERPRINT, items.slice(0, 2000));
  await store.search("c", { query: { id: "i000" }, k: 1 });
  await store.put("c", FINGERPRINT, items.slice(2000));
  await store.put("c", FINGERPRINT, [{ ...items[7], vector: items[8].vector }, items[7]]);
  return store;
}

/** The share of the true ten nearest that searches find; every score must be exact. */
async function recall(store: SqliteStore, metric: "cosine" | "dot" | "euclidean", among = items): Promise<number> {
  const random = noise(11);
  let found = 0;
  for (let i = 0; i < 20; i++) {
    const vector = Float32Array.from({ length: D }, random);
    const hits = await store.search("c", { query: { vector, fingerprint: FINGERPRINT }, k: 10 });
    const scores = new Map(bruteForce(among, metric, vector, among.length).map(({ id, score }) => [id, score]));
    for (const { id, score } of hits) expect(Math.abs(score - scores.get(id)!)).toBeLessThan(1e-5);
    const wanted = [...scores.keys()].slice(0, 10);
    found += ids(hits).filter((id) => wanted.includes(id)).length;
  }
  return found / 200;
}

for (const metric of ["cosine", "dot", "euclidean"] as const) {
  test(`an index finds nearly all of the nearest under ${metric}, and a filter all of them`, async () => {
    await using store = await filled(join(folder, `${metric}.db`), metric);
    expect(await recall(store, metric)).toBeGreaterThan(0.95);
    const query = { vector: items[0].vector, fingerprint: FINGERPRINT }, cats = items.filter(({ metadata }) => metadata.kind === "cat");
    expect(ids(await store.search("c", { query, k: 20, filter: { kind: "cat" } }))).toEqual(
      ids(bruteForce(cats, metric, query.vector, 20)),
    );
    await store.delete("c", ids(items.slice(0, 500)));
    expect(await recall(store, metric, items.slice(500))).toBeGreaterThan(0.95);
  });
}

test("an index is kept from one start to the next, made anew where it is damaged or late, and goes with its collection", async () => {
  const file = join(folder, "kept.db"), indexes = () => readdirSync(folder).filter((name) => name.startsWith("kept.db."));
  await (await filled(file, "cosine")).close();
  const [first] = indexes();
  expect(first).toMatch(/^kept\.db\.1-\d+\.usearch$/);
  for (const damage of [() => {}, () => truncateSync(join(folder, indexes()[0]), 1000)]) {
    damage();
    await using store = await SqliteStore.open(file, options);
    expect(await recall(store, "cosine")).toBeGreaterThan(0.95);
  }
  {
    await using without = await SqliteStore.open(file);
    await without.delete("c", ids(items.slice(0, 1000))); // the file on disk knows nothing of it
  }
  {
    await using store = await SqliteStore.open(file, options);
    expect(await recall(store, "cosine", items.slice(1000))).toBeGreaterThan(0.95);
  }
  expect(indexes()).toHaveLength(1);
  expect(indexes()[0]).not.toBe(first);
  await using store = await SqliteStore.open(file, options);
  await store.deleteCollection("c");
  expect(indexes()).toEqual([]);
});
