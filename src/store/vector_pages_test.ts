import { expect, test } from "bun:test";
import { noise } from "./testing.ts";
import { VectorPages } from "./vector_pages.ts";

test("VectorPages finds the nearest over several pages after deletions and replacements, in the room of the deleted", async () => {
  const D = 9, random = noise(5), pages = new VectorPages(D, "euclidean"), kept = new Map<number, Float32Array>();
  const vector = () => Float32Array.from({ length: D }, random);
  const set = (key: number) => {
    const v = vector();
    pages.set(key, v);
    kept.set(key, v);
  };
  for (let key = 1; key <= 2500; key++) set(key);
  const bytes = pages.bytes;
  for (let key = 1; key <= 2500; key += 3) {
    pages.delete(key);
    kept.delete(key);
  }
  pages.delete(99_999);
  for (let key = 2; key <= 2500; key += 3) set(key);
  for (let key = 2501; key <= 3000; key++) set(key);
  expect(pages.size).toBe(kept.size);
  expect(pages.bytes).toBe(bytes);
  for (const only of [undefined, [...kept.keys()].filter((key) => key % 5 === 0), [], [1]]) {
    const query = vector();
    const wanted = [...kept].filter(([key]) => !only || only.includes(key))
      .map(([key, v]) => ({ key, score: -Math.sqrt(v.reduce((sum, value, i) => sum + (value - query[i]) ** 2, 0)) }))
      .sort((a, b) => b.score - a.score).slice(0, 20);
    const found = await pages.search(query, 20, only);
    expect(found.map(({ key }) => key)).toEqual(wanted.map(({ key }) => key));
    found.forEach(({ score }, i) => expect(Math.abs(score - wanted[i].score)).toBeLessThan(1e-9));
  }
});

test("a search that gives way meets every vector that stays, while others come and go", async () => {
  const D = 4096, pages = new VectorPages(D, "dot"), one = new Float32Array(D).fill(1), rows = 4100; // more than two turns
  for (let key = 1; key <= rows; key++) pages.set(key, one);
  const searching = pages.search(one, rows);
  for (let key = 2; key <= rows; key += 2) pages.delete(key);
  for (let key = rows + 1; key < rows + 200; key++) pages.set(key, one);
  const found = new Set((await searching).map(({ key }) => key));
  for (let key = 1; key <= rows; key += 2) expect(found.has(key)).toBe(true);
});
