import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusyError, StoreError } from "../../errors.ts";
import { bruteForce, FINGERPRINT, ids, rejection, someItems, testStore } from "../testing.ts";
import { openDriver } from "./driver.ts";
import { SqliteStore } from "./sqlite_store.ts";

const folder = mkdtempSync(join(tmpdir(), "store-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const path = () => join(folder, `${files++}.db`);
const spec = { dimensions: 8, metric: "cosine", fingerprint: FINGERPRINT } as const;

testStore("SQLite with vectors in memory", () => SqliteStore.open(path()));
testStore("SQLite with vectors read from the file", () => SqliteStore.open(path(), { memory: 0 }));
testStore("SQLite with an index", () => SqliteStore.open(path(), { indexed: true }));

test("a store opened again has everything, and its settings keep acknowledged writes through a loss of power", async () => {
  const file = path(), items = someItems(50, 8);
  {
    await using store = await SqliteStore.open(file);
    await store.createCollection("pictures", spec);
    await store.put("pictures", FINGERPRINT, items);
  }
  await using store = await SqliteStore.open(file);
  expect(store.database.get("PRAGMA journal_mode")).toEqual({ journal_mode: "wal" });
  expect(store.database.get("PRAGMA synchronous")).toEqual({ synchronous: 2 }); // FULL
  expect(await store.collections()).toMatchObject([{ name: "pictures", ...spec, count: 50 }]);
  expect(ids(await store.search("pictures", { query: { id: "i000" }, k: 7 }))).toEqual(
    ids(bruteForce(items.slice(1), "cosine", items[0].vector, 7)),
  );
});

test("two stores on one file see each other's writes", async () => {
  const file = path(), items = someItems(40, 8), query = { vector: items[0].vector, fingerprint: FINGERPRINT };
  await using a = await SqliteStore.open(file);
  await using b = await SqliteStore.open(file);
  await a.createCollection("pictures", spec);
  for (let i = 0; i < 40; i += 10) {
    await (i % 20 ? a : b).put("pictures", FINGERPRINT, items.slice(i, i + 10));
    const wanted = ids(bruteForce(items.slice(0, i + 10), "cosine", query.vector, 100));
    expect(ids(await a.search("pictures", { query, k: 100 }))).toEqual(wanted);
    expect(ids(await b.search("pictures", { query, k: 100 }))).toEqual(wanted);
  }
  await b.deleteCollection("pictures");
  expect(await rejection(a.search("pictures", { query, k: 1 }))).toMatchObject({ reason: "missing" });
  await b.createCollection("pictures", spec);
  expect(await a.search("pictures", { query, k: 1 })).toEqual([]);
});

test("memory holds the collections searched last, and results do not depend on it", async () => {
  await using store = await SqliteStore.open(path(), { memory: 1024 * 8 * 4 }); // one page
  const items = someItems(30, 8);
  for (const name of ["a", "b"]) {
    await store.createCollection(name, spec);
    await store.put(name, FINGERPRINT, items);
  }
  for (const name of ["a", "b", "a", "a", "b"]) {
    expect(ids(await store.search(name, { query: { id: "i002" }, k: 3 }))).toEqual(
      ids(bruteForce(items.filter(({ id }) => id !== "i002"), "cosine", items[2].vector, 3)),
    );
  }
});

test("a deletion that was cut short is finished by the next start, and its items are seen by nobody", async () => {
  const file = path(), items = someItems(2500, 8);
  {
    await using store = await SqliteStore.open(file);
    await store.createCollection("pictures", spec);
    for (let i = 0; i < 2500; i += 500) await store.put("pictures", FINGERPRINT, items.slice(i, i + 500));
    const deleting = store.deleteCollection("pictures");
    expect(await store.collections()).toEqual([]);
    expect(await rejection(store.get("pictures", "i000"))).toMatchObject({ reason: "missing" });
    await store.createCollection("pictures", spec); // its name is free
    await store.close();
    expect(await rejection(deleting)).toBeInstanceOf(BusyError);
  }
  await using store = await SqliteStore.open(file);
  expect(await store.collections()).toMatchObject([{ name: "pictures", count: 0 }]);
  expect(store.database.get("SELECT count(*) AS left FROM items")).toEqual({ left: 0 });
  expect(store.database.get("SELECT count(*) AS left FROM vectors")).toEqual({ left: 0 });
});

test("a closed store refuses every call as busy", async () => {
  const store = await SqliteStore.open(path());
  await store.createCollection("pictures", spec);
  await store.close();
  await store.close();
  expect(await rejection(store.collections())).toBeInstanceOf(BusyError);
  expect(await rejection(store.put("pictures", FINGERPRINT, []))).toBeInstanceOf(BusyError);
});

test("a file that is no store is refused with a sentence and left as it is", async () => {
  const text = path(), foreign = path();
  writeFileSync(text, "not a database ".repeat(100));
  expect((await rejection(SqliteStore.open(text))).message).toMatch(/: the database is damaged \(file is not a database\); restore a copy/);
  expect(readFileSync(text, "utf8")).toBe("not a database ".repeat(100));
  const driver = await openDriver(foreign);
  driver.exec("CREATE TABLE theirs (x)");
  driver.close();
  expect((await rejection(SqliteStore.open(foreign))).message).toMatch(/is an SQLite database of another program; give another path/);
  expect(await rejection(SqliteStore.open(join(folder, "no", "such", "folder.db")))).toMatchObject({ reason: "unavailable" });
  const later = path();
  await (await SqliteStore.open(later)).close();
  const newer = await openDriver(later);
  newer.exec("PRAGMA user_version = 2");
  newer.close();
  expect((await rejection(SqliteStore.open(later))).message).toMatch(/has version 2 of the store's tables, this program reads 1/);
});

test("a torn database is refused with a sentence, wherever it is torn", async () => {
  const whole = path(), items = someItems(200, 8);
  {
    await using store = await SqliteStore.open(whole);
    await store.createCollection("pictures", spec);
    await store.put("pictures", FINGERPRINT, items);
  }
  const bytes = readFileSync(whole), refused: string[] = [];
  /** Opens and reads a damaged copy: everything is right, or the error says that it is damaged. */
  const check = async (damage: (file: string) => void) => {
    const copy = path();
    writeFileSync(copy, bytes);
    damage(copy);
    try {
      await using store = await SqliteStore.open(copy);
      for await (const item of store.export("pictures")) expect(item).toEqual(items.find(({ id }) => id === item.id)!);
      await store.search("pictures", { query: { id: "i000" }, k: 3 });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      expect(error.message).toMatch(/damaged|another program|version|no such collection/);
      refused.push(error.message);
    }
  };
  for (let length = 16384; length < bytes.length; length += 16384 * 2) await check((file) => truncateSync(file, length - 100));
  const truncated = refused.length;
  expect(truncated).toBeGreaterThan(2); // every length of the loop
  for (let page = 0; page < bytes.length; page += 16384) {
    await check((file) => writeFileSync(file, bytes.map((byte, i) => i >= page && i < page + 8192 ? 0x5a : byte)));
  }
  expect(refused.length).toBeGreaterThan(truncated + 3);
});
