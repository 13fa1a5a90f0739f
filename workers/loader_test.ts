import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { DataError } from "../src/errors.ts";
import { pretraining } from "../src/data/augment.ts";
import type { BatchRecipe } from "../src/data/batch.ts";
import type { DataSource } from "../src/data/datasets/mod.ts";
import { withFolder } from "../src/data/datasets/testing.ts";
import { tinyJpeg } from "../src/data/decode/tiny_pictures.ts";
import type { Batch, Loader } from "../src/data/loader.ts";
import { draws } from "../src/data/random.ts";
import { openLoader } from "./loader.ts";

const mosaics: DataSource = { kind: "mosaics", length: 45, size: 40 };
const recipe: BatchRecipe = {
  preparation: { kind: "augment", settings: { ...pretraining, views: [{ size: 32, filter: "bicubic" }, { size: 16, filter: "lanczos" }] } },
  onError: "fail",
};
const order = { batchSize: 8, shuffle: true, last: "pad", epochs: 3, state: { seed: 11, epoch: 0, position: 0 } } as const;

/** Of everything in the batches that a training step sees. */
async function hashOf(loader: Loader, eachBatch: (batch: Batch, number: number) => void = () => {}): Promise<string> {
  const hash = createHash("sha256");
  let number = 0;
  await using open = loader;
  for await (const batch of open) {
    for (const { pixels } of batch.views) hash.update(pixels);
    hash.update(batch.names.join()).update(
      `${batch.epoch} ${batch.indices} ${batch.labels} ${batch.weights} ${JSON.stringify(batch.next)}`,
    );
    eachBatch(batch, number++);
  }
  expect(number).toBe(18);
  return hash.digest("hex");
}

const EXPECTED = "0300931e9f04152c3085a9059b157ed3025489ac215215a358d81c3d18128e34";

/** What a promise fails with; not `expect(...).rejects`, which in Bun misses a worker's answers. */
const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);

async function collect(loader: Loader): Promise<Batch[]> {
  const batches = [];
  await using open = loader;
  for await (const batch of open) batches.push(batch);
  return batches;
}

describe("openLoader()", () => {
  for (const workers of [0, 1, 4]) {
    test(`gives the same bytes in both runtimes with ${workers} workers`, async () => {
      expect(await hashOf(await openLoader(mosaics, recipe, { ...order, workers }))).toBe(EXPECTED);
    }, 30_000);
  }

  test("gives the same bytes when workers are killed at random through three epochs", async () => {
    const living: Worker[] = [], random = draws({ seed: 5, epoch: 0, index: 0 }, "murder");
    let killed = 0, owed = 0, started = 0;
    const spawn = () => {
      started++;
      const worker = new Worker(new URL("./data.ts", import.meta.url), { type: "module" });
      // A worker takes poison only once it listens; before its first answer an end would crash Bun.
      worker.addEventListener("message", () => living.includes(worker) || living.push(worker), { once: true });
      return worker;
    };
    const loader = await openLoader(mosaics, recipe, { ...order, workers: 2, deadline: 2000, spawn });
    const hash = await hashOf(loader, (_, number) => {
      if (number % 3 === 1) owed++;
      if (!owed || !living.length) return; // on a busy machine the replacements may not have answered yet
      const [victim] = living.splice(random.integer(0, living.length - 1), 1);
      owed--;
      killed++;
      if (killed === 3) victim.terminate(); // without a word: found by the deadline
      else victim.postMessage({ id: "x", type: "APPLY", argumentList: [{ type: "HANDLER", name: "poison" }] }); // throws where nobody catches
    });
    expect(hash).toBe(EXPECTED);
    expect(killed).toBeGreaterThanOrEqual(4);
    expect(started).toBeGreaterThanOrEqual(killed);
  }, 60_000);

  test("goes on from any saved state, with any number of workers", async () => {
    const whole = await collect(await openLoader(mosaics, recipe, { ...order, epochs: 2, workers: 0 }));
    for (const [at, workers] of [[0, 1], [4, 0], [5, 2], [11, 1]]) {
      const rest = await collect(await openLoader(mosaics, recipe, { ...order, epochs: 2, workers, state: whole[at].next }));
      expect(rest, `after batch ${at}`).toEqual(whole.slice(at + 1));
    }
  }, 30_000);

  test("says what is wrong with the set before any worker starts", async () => {
    expect(await failure(openLoader({ kind: "folder", path: "no-such-folder" }, recipe, { ...order, workers: 1 }))).toBeInstanceOf(
      DataError,
    );
  });
});

describe("a loader", () => {
  test("goes on behind the last batch after a loop was left, and stops at a signal", async () => {
    const stop = new AbortController();
    await using loader = await openLoader(mosaics, recipe, { ...order, workers: 1, signal: stop.signal });
    for await (const batch of loader) {
      expect(batch.next).toEqual({ seed: 11, epoch: 0, position: 8 });
      break;
    }
    expect(loader.state()).toEqual({ seed: 11, epoch: 0, position: 8 });
    const error = await failure((async () => {
      for await (const batch of loader) {
        expect(batch.next.position).toBe(16);
        stop.abort(new Error("enough"));
      }
    })());
    expect(error.message).toBe("enough");
  });

  test("puts the rows of its fields beside the pictures, zeros in empty places", async () => {
    const mask = ({ seed, epoch, index }: { seed: number; epoch: number; index: number }) => Uint8Array.of(seed, epoch, index + 1);
    const batches = await collect(await openLoader(mosaics, recipe, { ...order, epochs: 1, workers: 0, fields: { mask } }));
    const { fields, indices } = batches.at(-1)!;
    expect(indices[5]).toBe(-1);
    expect([...fields.mask.subarray(12)]).toEqual([11, 0, indices[4] + 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("bad samples", () => {
  const files = Object.fromEntries([..."abcdefg"].map((name) => [`${name}.jpg`, tinyJpeg]));
  const evaluation: BatchRecipe = { preparation: { kind: "evaluate", size: 16 }, onError: "skip" };
  const two = { ...order, epochs: 2, batchSize: 3 };

  test("leave an empty place and are counted; all others come once each", async () => {
    for (const workers of [0, 2]) {
      await withFolder({ ...files, "c.jpg": "no picture", "d.jpg": tinyJpeg.subarray(0, 100) }, async (path) => {
        const loader = await openLoader({ kind: "folder", path }, evaluation, { ...two, workers });
        const batches = await collect(loader);
        expect(loader.skipped).toBe(4);
        expect(batches.flatMap(({ skipped }) => skipped.map(({ reason }) => reason.slice(path.length, path.length + 7))).sort()).toEqual([
          "/c.jpg:",
          "/c.jpg:",
          "/d.jpg:",
          "/d.jpg:",
        ]);
        for (const epoch of [0, 1]) {
          const seen = batches.filter((batch) => batch.epoch === epoch).flatMap(({ names, weights }) =>
            names.filter((_, i) => weights[i] === 1)
          );
          expect(seen.map((name) => name.at(-5)).sort().join("")).toBe("abefg");
        }
        const { weights, labels, views } = batches.find(({ skipped }) => skipped.length > 0)!, empty = weights.indexOf(0);
        expect([labels[empty], ...views[0].pixels.subarray(empty * 768, (empty + 1) * 768)].filter((v) => v !== 0)).toEqual([-1]);
      });
    }
  }, 20_000);

  test("end the loop by name where the recipe says so, with no batch after it", () =>
    withFolder({ ...files, "c.jpg": "no picture" }, async (path) => {
      for (const workers of [0, 1]) {
        const error = await failure(
          openLoader({ kind: "folder", path }, { ...evaluation, onError: "fail" }, { ...two, workers }).then(collect),
        );
        expect(error).toBeInstanceOf(DataError);
        expect(error.message).toContain(`${path}/c.jpg: `);
      }
    }));

  test("a file that vanishes while training is such a one, also for a worker that starts later", () =>
    withFolder(files, async (path) => {
      await using loader = await openLoader({ kind: "folder", path }, evaluation, { ...two, epochs: 3, workers: 1 });
      const seen: string[] = [];
      for await (const batch of loader) {
        if (batch.epoch === 2) seen.push(...batch.names.filter((name) => name !== ""));
        rmSync(`${path}/e.jpg`, { force: true });
      }
      expect(seen.map((name) => name.at(-5)).sort().join("")).toBe("abcdfg");
      expect(loader.skipped).toBeGreaterThanOrEqual(1);
    }));

  test("an epoch of nothing else is an error", () =>
    withFolder({ "a.jpg": "x", "b.jpg": "y" }, async (path) => {
      const error = await failure(openLoader({ kind: "folder", path }, evaluation, { ...two, workers: 0 }).then(collect));
      expect(error.message).toMatch(/none of its 2 samples can be used \(the last: .*jpg/);
    }));
});
