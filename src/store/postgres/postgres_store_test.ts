import { afterAll, beforeAll, expect, test } from "bun:test";
import { BusyError } from "../../errors.ts";
import { bruteForce, FINGERPRINT, ids, noise, rejection, someItems, testStore } from "../testing.ts";
import { type Client, connect } from "./client.ts";
import { PostgresStore } from "./postgres_store.ts";
import { pglite, preferringIndexes, sharing } from "./testing.ts";

let shared: Client;
beforeAll(async () => void (shared = await pglite()));
afterAll(() => shared.close());

testStore("Postgres without an index", () => PostgresStore.open(sharing(shared), { indexed: false }));

test("an index finds nearly all of the nearest, also under a filter, and is what the search uses", async () => {
  const client = preferringIndexes(shared);
  await using store = await PostgresStore.open(client);
  for (const metric of ["cosine", "dot", "euclidean"] as const) {
    const items = someItems(600, 16), name = `indexed_${metric}`, random = noise(7);
    await store.createCollection(name, { dimensions: 16, metric, fingerprint: FINGERPRINT });
    await store.put(name, FINGERPRINT, items);
    let found = 0;
    for (let i = 0; i < 5; i++) {
      const vector = Float32Array.from({ length: 16 }, random), query = { vector, fingerprint: FINGERPRINT };
      const all = new Set(ids(await store.search(name, { query, k: 20 })));
      found += ids(bruteForce(items, metric, vector, 20)).filter((id) => all.has(id)).length;
      const cats = items.filter(({ metadata }) => metadata.kind === "cat");
      const some = new Set(ids(await store.search(name, { query, k: 20, filter: { kind: "cat" } })));
      expect(some.size).toBe(20);
      found += ids(bruteForce(cats, metric, vector, 20)).filter((id) => some.has(id)).length;
    }
    expect(found / 200).toBeGreaterThan(0.9);
  }
  const [{ key }] = await shared.query<{ key: number }>("SELECT key FROM zellige_collections WHERE name = 'indexed_cosine'");
  const plan = await client.transaction((query) =>
    query<{ "QUERY PLAN": string }>(
      `EXPLAIN SELECT id FROM zellige_items_${key} ORDER BY vector <=> '[${Array(16).fill(1)}]'::vector LIMIT 5`,
    )
  );
  expect(plan.map((line) => line["QUERY PLAN"]).join("\n")).toMatch(/Index Scan using zellige_items_\d+_vector_idx/);
});

test("a collection of more dimensions than an index can have is scanned", async () => {
  await using store = await PostgresStore.open(sharing(shared));
  await store.createCollection("wide", { dimensions: 2001, metric: "cosine", fingerprint: FINGERPRINT });
  const items = someItems(3, 2001);
  await store.put("wide", FINGERPRINT, items);
  expect(ids(await store.search("wide", { query: { id: "i000" }, k: 2 }))).toEqual(
    ids(bruteForce(items.slice(1), "cosine", items[0].vector, 2)),
  );
});

test("a second store on the same database finds the collections, and a closed one refuses calls", async () => {
  const first = await PostgresStore.open(sharing(shared));
  await first.createCollection("kept", { dimensions: 2, metric: "dot", fingerprint: FINGERPRINT });
  await first.put("kept", FINGERPRINT, [{ id: "a", vector: [1, 2] }]);
  await first.close();
  expect(await rejection(first.collections())).toBeInstanceOf(BusyError);
  await using second = await PostgresStore.open(sharing(shared));
  expect((await second.get("kept", "a")).vector).toEqual(Float32Array.of(1, 2));
});

test("put() of a large thumbnail and of many items in one call", async () => {
  await using store = await PostgresStore.open(sharing(shared));
  await store.createCollection("many", { dimensions: 1, metric: "euclidean", fingerprint: FINGERPRINT });
  const thumbnail = new Uint8Array(262144).map((_, i) => i * 7);
  const items = Array.from({ length: 1203 }, (_, i) => ({ id: `i${i}`, vector: [i], ...i === 600 && { thumbnail } }));
  expect(await store.put("many", FINGERPRINT, items)).toEqual({ added: 1203, replaced: 0 });
  expect((await store.get("many", "i600")).thumbnail).toEqual(thumbnail);
  expect(await store.put("many", FINGERPRINT, items.slice(1000))).toEqual({ added: 0, replaced: 203 });
  expect((await store.collection("many")).count).toBe(1203);
});

test("a server that cannot be reached is named without its password", async () => {
  const error = await rejection(connect("postgres://ann:secret@127.0.0.1:9/pictures").then(PostgresStore.open));
  expect(error).toMatchObject({ name: "StoreError", reason: "unavailable" });
  expect(error.message).toMatch(/^127\.0\.0\.1:9\/pictures: cannot be used \(.*\); check the server/);
  expect(error.message).not.toContain("secret");
});
