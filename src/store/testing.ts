// The tests that every store passes, and what they share.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { DataError, LimitError, StoreError } from "../errors.ts";
import type { Filter } from "./filter.ts";
import type { Hit, Item, ItemInput, Metric, Store } from "./store.ts";

export const FINGERPRINT = "beit-tiny/6/mean/whitened/1a2b";

/** Numbers between -1 and 1, the same for the same seed. */
export function noise(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 31 - 1;
  };
}

/** Items `i000`, `i001`, ... with metadata that filters can ask for. */
export function someItems(count: number, dimensions: number, seed = 1): (ItemInput & Item)[] {
  const random = noise(seed), kinds = ["cat", "dog", "bird"];
  return Array.from({ length: count }, (_, i) => ({
    id: `i${String(i).padStart(3, "0")}`,
    vector: Float32Array.from({ length: dimensions }, random),
    metadata: { kind: kinds[i % 3], year: 2000 + i % 7, good: i % 2 === 0, tags: [`t${i % 5}`, "all"] },
  }));
}

/** What a search must find, computed from the definition in double precision. */
export function bruteForce(items: readonly Item[], metric: Metric, query: ArrayLike<number>, k: number): { id: string; score: number }[] {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
  const score = (v: ArrayLike<number>) =>
    metric === "dot"
      ? dot(query, v)
      : metric === "cosine"
      ? dot(query, v) / Math.sqrt(dot(query, query) * dot(v, v))
      : -Math.sqrt(Array.from(v).reduce((sum, value, i) => sum + (value - query[i]) ** 2, 0));
  return items.map(({ id, vector }) => ({ id, score: score(vector) })).sort((a, b) => b.score - a.score).slice(0, k);
}

export const ids = (found: { id: string }[]): string[] => found.map(({ id }) => id);

/** The error that a promise ends with; fails when it resolves. */
export function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then((value) => Promise.reject(new Error(`expected an error, got ${JSON.stringify(value)}`)), (error) => error);
}

function expectHits(hits: Hit[], wanted: { id: string; score: number }[]): void {
  expect(ids(hits)).toEqual(ids(wanted));
  hits.forEach(({ score }, i) => expect(Math.abs(score - wanted[i].score)).toBeLessThan(1e-5));
}

/** Registers the tests; `open` gives a store, empty at the first call, whose collections no other caller uses. */
export function testStore(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    beforeAll(async () => void (store = await open()));
    afterAll(() => store.close());

    const fresh = async (metric: Metric, items: ItemInput[], dimensions = items[0].vector.length) => {
      const collection = `c_${crypto.randomUUID()}`;
      await store.createCollection(collection, { dimensions, metric, fingerprint: FINGERPRINT });
      if (items.length) await store.put(collection, FINGERPRINT, items);
      return collection;
    };

    for (const metric of ["cosine", "dot", "euclidean"] as const) {
      test(`search() finds the nearest under ${metric} with the scores of its definition`, async () => {
        for (const [count, dimensions] of [[1, 1], [7, 3], [200, 17]]) {
          const items = someItems(count, dimensions), collection = await fresh(metric, items), random = noise(9);
          for (let i = 0; i < 3; i++) {
            const vector = Array.from({ length: dimensions }, random), k = Math.min(10, count);
            const hits = await store.search(collection, { query: { vector, fingerprint: FINGERPRINT }, k });
            expectHits(hits, bruteForce(items, metric, Float32Array.from(vector), k));
            expect(hits[0].metadata).toEqual(items.find(({ id }) => id === hits[0].id)!.metadata);
          }
        }
      });
    }

    test("search() by id finds the neighbours of an item without the item", async () => {
      const items = someItems(30, 8), collection = await fresh("cosine", items);
      const hits = await store.search(collection, { query: { id: "i004" }, k: 5 });
      expectHits(hits, bruteForce(items.filter(({ id }) => id !== "i004"), "cosine", items[4].vector, 5));
      expect(await store.search(collection, { query: { id: "i004" }, k: 1000 })).toHaveLength(29);
    });

    test("equal scores come in the order in which the items were added", async () => {
      const vector = [1, 0], collection = await fresh("dot", ["b", "a", "d", "c"].map((id) => ({ id, vector })));
      const hits = await store.search(collection, { query: { vector, fingerprint: FINGERPRINT }, k: 3 });
      expect(ids(hits)).toEqual(["b", "a", "d"]);
    });

    const filters: [string, Filter, (item: Item & { metadata: { kind: string; year: number; good: boolean } }) => boolean][] = [
      ["everything", {}, () => true],
      ["equality of text", { kind: "cat" }, ({ metadata: { kind } }) => kind === "cat"],
      ["equality of booleans, several keys", { good: true, kind: "dog" }, ({ metadata: { good, kind } }) => good && kind === "dog"],
      ["an element of a list", { tags: "t3" }, ({ id }) => Number(id.slice(1)) % 5 === 3],
      ["$in over several kinds", { year: { $in: [2001, 2003, "2002", true] } }, ({ metadata: { year } }) => year === 2001 || year === 2003],
      ["a range", { year: { $gte: 2002, $lt: 2005 } }, ({ metadata: { year } }) => year >= 2002 && year < 2005],
      ["an order of text", { kind: { $gt: "bird", $lte: "cat" } }, ({ metadata: { kind } }) => kind === "cat"],
      ["$or", { $or: [{ kind: "cat" }, { year: 2000 }] }, ({ metadata: { kind, year } }) => kind === "cat" || year === 2000],
      ["$and and $not", { $and: [{ $not: { kind: "cat" } }, { good: false }] }, ({ metadata: { kind, good } }) => kind !== "cat" && !good],
      ["a key that no item has", { absent: { $gt: 0 } }, () => false],
      ["$not of a key that no item has", { $not: { absent: 1 } }, () => true],
      ["another kind of value", { $or: [{ year: "2001" }, { good: 1 }, { kind: { $gt: 0 } }] }, () => false],
      ["text made to look like SQL", { kind: "' OR 1=1 --" }, () => false],
    ];
    test("list() and search() find what a filter describes", async () => {
      const items = someItems(60, 4), collection = await fresh("cosine", items), vector = [1, 2, 3, 4];
      for (const [words, filter, fits] of filters) {
        const wanted = items.filter((item) => fits(item as never));
        expect(ids((await store.list(collection, { filter })).entries), words).toEqual(ids(wanted));
        const hits = await store.search(collection, { query: { vector, fingerprint: FINGERPRINT }, k: 10, filter });
        expect(ids(hits), words).toEqual(ids(bruteForce(wanted, "cosine", vector, 10)));
      }
    });

    test("get() gives back what put() was given, bit for bit", async () => {
      const item = {
        id: "A.b_c-1",
        vector: Float32Array.of(1e-38, -3.4e38, Math.fround(0.1), -0),
        metadata: { "key.with-dots": "quotes \"' and \\ and ü 木 🐈", number: 1e300, empty: [], yes: false },
        name: "cats/木.png",
        thumbnail: Uint8Array.of(0, 255, 1, 254),
      };
      const collection = await fresh("euclidean", [item]);
      expect(await store.get(collection, "A.b_c-1")).toEqual(item);
      await store.put(collection, FINGERPRINT, [{ id: "A.b_c-1", vector: [1, 2, 3, 4] }]); // replaced whole: nothing old remains
      expect(await store.get(collection, "A.b_c-1")).toEqual({ id: "A.b_c-1", vector: Float32Array.of(1, 2, 3, 4), metadata: {} });
    });

    test("put() replaces items of the same id and counts them; the last of a batch counts", async () => {
      const [a, b, c, d] = someItems(4, 3), collection = await fresh("dot", [a, b]);
      await store.search(collection, { query: { id: a.id }, k: 1 }); // from here on its vectors are in memory
      const again = { ...d, id: a.id };
      expect(await store.put(collection, FINGERPRINT, [c, { ...c, id: a.id }, again])).toEqual({ added: 1, replaced: 1 });
      expect((await store.collection(collection)).count).toBe(3);
      const vector = [0.3, -0.2, 0.9];
      const hits = await store.search(collection, { query: { vector, fingerprint: FINGERPRINT }, k: 10 });
      expectHits(hits, bruteForce([again, b, c], "dot", vector, 10));
    });

    test("put() stores nothing of a batch with one bad item", async () => {
      const items = someItems(3, 2), collection = await fresh("cosine", items.slice(0, 1));
      const error = await rejection(store.put(collection, FINGERPRINT, [items[1], { id: "bad", vector: [1, NaN] }]));
      expect(error.message).toMatch(/bad has NaN as value 1/);
      expect((await store.collection(collection)).count).toBe(1);
      expect(ids((await store.list(collection)).entries)).toEqual(["i000"]);
    });

    test("delete() removes items from get, list, search and the count", async () => {
      const items = someItems(20, 5),
        collection = await fresh("cosine", items),
        query = { vector: items[3].vector, fingerprint: FINGERPRINT };
      await store.search(collection, { query, k: 3 });
      expect(await store.delete(collection, ["i003", "i007", "absent", "i003"])).toBe(2);
      const left = items.filter(({ id }) => id !== "i003" && id !== "i007");
      expectHits(await store.search(collection, { query, k: 1000 }), bruteForce(left, "cosine", query.vector, 1000));
      expect(ids((await store.list(collection)).entries)).toEqual(ids(left));
      expect((await store.collection(collection)).count).toBe(18);
      expect(await rejection(store.get(collection, "i003"))).toMatchObject({ name: "StoreError", reason: "missing" });
      await store.put(collection, FINGERPRINT, [items[3]]);
      expect(ids(await store.search(collection, { query, k: 1 }))).toEqual(["i003"]);
    });

    test("list() goes through all pages in the order of ids", async () => {
      const items = someItems(25, 2), collection = await fresh("dot", items.toReversed());
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const { entries, next }: { entries: { id: string }[]; next?: string } = await store.list(collection, { after, limit: 10 });
        seen.push(...ids(entries));
        after = next;
      } while (after);
      expect(seen).toEqual(ids(items));
      await store.put(collection, FINGERPRINT, [{ id: "Z", vector: [1, 1] }]);
      expect((await store.list(collection, { limit: 1 })).entries[0].id).toBe("Z"); // by code points: capitals first
    });

    test("export() gives every item in the order of ids", async () => {
      const items = someItems(230, 3), collection = await fresh("dot", items);
      const seen: Item[] = [];
      for await (const item of store.export(collection)) seen.push(item);
      expect(seen).toEqual(items);
    });

    test("createCollection() finds its collection again, and names what differs in another's", async () => {
      const collection = await fresh("cosine", [], 3);
      const { created } = await store.collection(collection);
      expect(await store.createCollection(collection, { dimensions: 3, metric: "cosine", fingerprint: FINGERPRINT }))
        .toEqual({ name: collection, dimensions: 3, metric: "cosine", fingerprint: FINGERPRINT, count: 0, created });
      expect(new Date(created).toISOString()).toBe(created);
      const error = await rejection(store.createCollection(collection, { dimensions: 4, metric: "dot", fingerprint: FINGERPRINT }));
      expect(error).toBeInstanceOf(StoreError);
      expect(error.message).toBe(
        `${collection}: exists with dimensions 3, wanted 4; metric cosine, wanted dot; delete it or use another name`,
      );
    });

    test("deleteCollection() removes its items, and a new one of the same name begins empty", async () => {
      const items = someItems(10, 2), collection = await fresh("cosine", items), other = await fresh("cosine", items);
      await store.search(collection, { query: { id: "i001" }, k: 1 });
      await store.deleteCollection(collection);
      expect(await rejection(store.collection(collection))).toMatchObject({ reason: "missing" });
      expect((await store.collections()).map(({ name }) => name)).not.toContain(collection);
      await store.createCollection(collection, { dimensions: 1, metric: "dot", fingerprint: FINGERPRINT });
      expect(await store.search(collection, { query: { vector: [1], fingerprint: FINGERPRINT }, k: 5 })).toEqual([]);
      expect(await store.search(other, { query: { id: "i001" }, k: 100 })).toHaveLength(9);
    });

    test("calls at the same time all have their effect", async () => {
      const items = someItems(120, 6), collection = await fresh("cosine", items.slice(0, 20));
      const calls: Promise<unknown>[] = [];
      for (let i = 20; i < 120; i += 10) {
        calls.push(store.put(collection, FINGERPRINT, items.slice(i, i + 10)));
        calls.push(store.search(collection, { query: { id: "i000" }, k: 20 }));
        calls.push(store.put(collection, FINGERPRINT, [{ ...items[1], vector: items[i].vector }]));
        calls.push(store.delete(collection, [items[i / 10].id]));
      }
      await Promise.all(calls);
      const left = items.filter((_, i) => i < 2 || i > 11).map((item, i) => i === 1 ? { ...item, vector: items[110].vector } : item);
      expect((await store.collection(collection)).count).toBe(left.length);
      const query = { vector: items[50].vector, fingerprint: FINGERPRINT };
      const hits = await store.search(collection, { query, k: 200 });
      expect(ids(hits).sort()).toEqual(ids(left).sort());
    });

    test("wrong requests are refused by name", async () => {
      const collection = await fresh("cosine", someItems(3, 4)), good = { vector: [1, 2, 3, 4], fingerprint: FINGERPRINT };
      const put = (item: object) => store.put(collection, FINGERPRINT, [{ id: "x", vector: [1, 2, 3, 4], ...item }]);
      const search = (query: object) => store.search(collection, { query: good, k: 3, ...query });
      const wrong: [() => Promise<unknown>, typeof DataError | typeof LimitError, RegExp][] = [
        [() => store.put(collection, "other/1", []), DataError, /embedder beit-tiny\/6\/mean\/whitened\/1a2b, not of "other\/1"/],
        [() => search({ query: { vector: [1, 2, 3, 4], fingerprint: "other/1" } }), DataError, /1a2b, not of "other\/1"/],
        [() => put({ vector: [1, 2, 3] }), DataError, /x has 3 values, the collection has 4 dimensions/],
        [() => put({ vector: "1,2,3,4" }), DataError, /x has the vector "1,2,3,4"/],
        [() => put({ vector: [1, 2, Infinity, 4] }), DataError, /x has Infinity as value 2/],
        [() => put({ vector: [1, 2, 1e39, 4] }), DataError, /x has 1e\+39 as value 2/], // finite, but not in single precision
        [() => put({ vector: [1, 2, "3", 4] }), DataError, /x has "3" as value 2/],
        [() => put({ vector: [0, 0, 0, 1e-46] }), DataError, /x is all zeros/],
        [() => search({ query: { vector: [0, 0, 0, 0], fingerprint: FINGERPRINT } }), DataError, /the query is all zeros/],
        [() => search({ query: { vector: [NaN, 0, 0, 0], fingerprint: FINGERPRINT } }), DataError, /the query has NaN as value 0/],
        ...["", "../etc", "a/b", ".hidden", "a\0", "x".repeat(129), 7, null].map((id) =>
          [() => put({ id }), DataError, /is no id/] as never
        ),
        ...["", "a.b", "a/b", "..", "x".repeat(65), "é"].map((name) => [() => store.collection(name), DataError, /is no name/] as never),
        ...[0, -1, 1.5, 1001, NaN, "3"].map((k) => [() => search({ k }), DataError, /k is/] as never),
        [() => put({ metadata: { text: "x".repeat(17_000) } }), LimitError, /metadata is 17011 bytes of JSON; at most 16384/],
        [() => put({ metadata: { deep: { a: 1 } } }), DataError, /metadata.deep is \[object Object\]/],
        [() => put({ metadata: { bad: NaN } }), DataError, /metadata.bad is NaN/],
        [() => put({ metadata: { $or: 1 } }), DataError, /metadata has the key "\$or"/],
        [() => put({ metadata: { half: "\ud800" } }), DataError, /metadata.half/],
        [() => put({ name: "x".repeat(256) }), DataError, /picture's name/],
        [() => put({ thumbnail: new Uint8Array(300_000) }), LimitError, /thumbnail has 300000 bytes; at most 262144/],
        [() => store.list(collection, { limit: 0 }), DataError, /limit is 0/],
        [() => store.list(collection, { after: "../x" }), DataError, /is no id/],
        [() => search({ filter: { kind: { $like: "x" } } }), DataError, /filter.kind: "\$like" is no comparison/],
        [() => store.createCollection("x", { dimensions: 0, metric: "dot", fingerprint: "f" }), DataError, /dimensions are 0/],
        [() => store.createCollection("x", { dimensions: 1, metric: "l1" as Metric, fingerprint: "f" }), DataError, /metric is "l1"/],
        [() => store.createCollection("x", { dimensions: 1, metric: "dot", fingerprint: "" }), DataError, /fingerprint is ""/],
      ];
      for (const [call, type, words] of wrong) {
        const error = await rejection(call());
        expect(error.message).toMatch(words);
        expect(error).toBeInstanceOf(type);
      }
      expect((await store.collection(collection)).count).toBe(3);
    });

    test("collections and items that are not there are missing", async () => {
      const collection = await fresh("cosine", someItems(1, 2)), name = "no_such";
      const calls = [
        store.collection(name),
        store.deleteCollection(name),
        store.put(name, FINGERPRINT, []),
        store.get(name, "a"),
        store.delete(name, ["a"]),
        store.list(name),
        store.search(name, { query: { id: "a" }, k: 1 }),
        store.export(name).next(),
        store.get(collection, "a"),
        store.search(collection, { query: { id: "a" }, k: 1 }),
      ];
      for (const call of calls) expect(await rejection(call)).toMatchObject({ name: "StoreError", reason: "missing" });
    });
  });
}
