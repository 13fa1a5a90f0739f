import { expect, test } from "bun:test";
import { noise } from "./testing.ts";
import { TopK } from "./top_k.ts";

test("TopK keeps the k largest scores, and of equal ones the smaller keys, whatever their order", () => {
  const random = noise(3);
  for (const [n, k] of [[0, 1], [1, 1], [5, 8], [300, 1], [300, 7], [300, 300]]) {
    const all = Array.from({ length: n }, (_, i) => ({ key: (i * 7919) % 1000 + 1, score: Math.round(random() * 20) }));
    const best = new TopK(k);
    for (const { key, score } of all) if (score >= best.floor) best.add(key, score);
    expect(best.sorted()).toEqual(all.sort((a, b) => b.score - a.score || a.key - b.key).slice(0, k));
  }
});
