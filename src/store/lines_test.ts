import { expect, test } from "bun:test";
import { DataError, StoreError } from "../errors.ts";
import { exportLines, importLines } from "./lines.ts";
import { openStore } from "./mod.ts";
import { FINGERPRINT, rejection, someItems } from "./testing.ts";

const spec = { dimensions: 5, metric: "euclidean", fingerprint: FINGERPRINT } as const;

test("importLines() restores what exportLines() wrote, in another store", async () => {
  await using from = await openStore(":memory:");
  await using to = await openStore(":memory:");
  const items = someItems(1100, 5).map((item, i) => i % 3 ? item : { ...item, name: `${i} ü.png`, thumbnail: Uint8Array.of(i, 200) });
  await from.createCollection("a", spec);
  for (let i = 0; i < items.length; i += 100) await from.put("a", FINGERPRINT, items.slice(i, i + 100));
  expect(await importLines(to, "b", exportLines(from, "a"))).toMatchObject({ ...spec, name: "b", count: 1100 });
  const seen = [];
  for await (const item of to.export("b")) seen.push(item);
  expect(seen).toEqual(items.toSorted((a, b) => a.id < b.id ? -1 : 1));
});

test("importLines() names the line that is wrong", async () => {
  await using store = await openStore(":memory:");
  const head = JSON.stringify({ format: "zellige collection 1", ...spec });
  const wrong: [string[], RegExp][] = [
    [[], /there is nothing to import/],
    [['{"id":"a"}'], /line 1 is not the head of an export \(format undefined\)/],
    [[head, "{torn"], /line 2 is no JSON object: "\{torn"/],
    [[head, "", "7"], /line 3 is no JSON object/],
    [[head, '{"id":"a","vector":"AAAA"}'], /line 2 has a vector of 3 bytes/],
    [[head, '{"id":"a","vector":"AAAAAA=="}'], /a has 1 values, the collection has 5 dimensions/],
    [[head, '{"id":"../a","vector":"AAAAAA=="}'], /"..\/a" is no id/],
  ];
  for (const [lines, words] of wrong) {
    const error = await rejection(importLines(store, "c", lines));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(words);
  }
  const other = JSON.stringify({ format: "zellige collection 1", ...spec, fingerprint: "another" });
  expect(await rejection(importLines(store, "c", [other]))).toBeInstanceOf(StoreError);
});
