import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { DataError } from "../../errors.ts";
import { mosaics } from "./mosaics.ts";
import { motifs, type Tile } from "./motifs.ts";

const hashOf = async (options: Parameters<typeof mosaics.open>[0], indices: number[]) => {
  const set = await mosaics.open(options), hash = createHash("sha256");
  for (const index of indices) hash.update((await set.read(index)).picture!.pixels);
  return hash.digest("hex");
};

describe("mosaics", () => {
  test("draws the same bytes in every runtime", async () => {
    const first = Array.from({ length: 42 }, (_, i) => i);
    expect(await hashOf({ size: 32 }, first)).toBe("3c894325c2f2eff40fe5591a74756fbd8f3700bbb645bfe751c67f314145a430");
  });

  test("draws other pictures for another seed, split and index, and the same for the same", async () => {
    const hashes = [{}, { seed: 1 }, { split: "test" as const }].map((options) => hashOf({ ...options, size: 16 }, [3]));
    hashes.push(hashOf({ size: 16 }, [17]), hashOf({ size: 16 }, [3]));
    const [base, ...others] = await Promise.all(hashes);
    expect(others.pop()).toBe(base);
    expect(new Set([base, ...others]).size).toBe(4);
  });

  test("labels with the motif, every class equally often", async () => {
    const set = await mosaics.open({ length: 28, size: 8 });
    expect(set.classes).toEqual(Object.keys(motifs));
    expect(set.classes!.length).toBeGreaterThanOrEqual(10);
    const counts = new Array(14).fill(0);
    for (let i = 0; i < 28; i++) counts[(await set.read(i)).label!]++;
    expect(counts).toEqual(new Array(14).fill(2));
    expect((await set.read(5)).name).toBe("mosaics/train/cube/5");
  });

  test("uses more than one colour and most of the range of brightness", async () => {
    const set = await mosaics.open({ length: 14, size: 48 });
    for (let i = 0; i < 14; i++) {
      const { pixels } = (await set.read(i)).picture!;
      expect(Math.max(...pixels) - Math.min(...pixels)).toBeGreaterThan(80);
    }
  });

  test("refuses a size or length that is none", async () => {
    await expect(mosaics.open({ size: 0 })).rejects.toThrow(DataError);
    await expect(mosaics.open({ length: 1.5 })).rejects.toThrow(/length is 1.5/);
  });
});

// A tile's border is where the tile changes: without this a motif can look right and have grout in the wrong places.
test.each(Object.entries(motifs))(
  "%s: two points with another tile each have a border between them, no farther than they are apart",
  (_, motif) => {
    const one: Tile = { a: 0, b: 0, colour: 0, edge: 0 }, other: Tile = { ...one };
    let crossed = 0;
    for (let i = 0; i < 4000; i++) {
      const x = 5 * (i * 0.7548776662466927 % 1) - 2, y = 5 * (i * 0.5698402909980532 % 1) - 2, step = 0.03;
      for (const [dx, dy] of [[step, 0], [0, step]]) {
        motif(x, y, one);
        motif(x + dx, y + dy, other);
        expect(one.edge).toBeGreaterThanOrEqual(-1e-9);
        if (one.a === other.a && one.b === other.b) continue;
        crossed++;
        expect(Math.min(one.edge, other.edge)).toBeLessThanOrEqual(step);
      }
    }
    expect(crossed).toBeGreaterThan(100);
  },
);
