import { expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { encodePng } from "../data/encode.ts";
import type { RecipeOptions } from "../train/recipe.ts";
import { merge } from "../train/recipe/merge.ts";
import { Run } from "../train/run.ts";
import { Session } from "../train/session.ts";
import { allStages, cpu, inFolder, tinyRecipe, toEnd } from "../train/testing.ts";
import { openTokenCache } from "../train/token_cache.ts";
import { main } from "./tokens.ts";
import { saidBy } from "./testing.ts";

const tokens = (...args: string[]) => saidBy(main, ...args);

async function photosIn(folder: string, count: number): Promise<string> {
  mkdirSync(folder);
  for (let i = 0; i < count; i++) {
    const pixels = new Uint8Array(20 * 16 * 3).map((_, k) => (k * (i + 3)) % 251);
    writeFileSync(`${folder}/${i}.png`, await encodePng({ width: 20, height: 16, pixels }));
  }
  return folder;
}

const recipeFor = (path: string, over: RecipeOptions = {}) =>
  tinyRecipe(
    merge(allStages, merge({ data: { train: { kind: "folder", path }, heldOut: null, heldBack: 0.3 } }, over)) as RecipeOptions,
  );

test("deno task tokens writes what pre-training then takes: the same losses as with the run's own tokens", async () => {
  await inFolder(async (folder) => {
    const photos = await photosIn(`${folder}/photos`, 20), out = `${folder}/tokens`;
    const first = Run.create(folder, recipeFor(photos, { stage: "tokenizer" }), "tokenizer");
    await toEnd({ run: first });
    const made = await tokens(photos, "--tokenizer", first.path, "--out", out);
    expect([made.code, made.said.split("\n").at(-1)]).toEqual([0, `${out}: 20 pictures of 4 x 4 tokens, 8 codes`]);

    const pretraining = (name: string, file: string | null, path = photos) => {
      const pretrain = { fixedCrops: true, tokens: file };
      return Run.create(folder, recipeFor(path, { stage: "pretrain", tokenizer: { from: first.path }, pretrain }), name);
    };
    const losses = (run: Run) => run.metrics().flatMap(({ train }) => train?.loss ?? []);
    const [given, own] = [await toEnd({ run: pretraining("given", out) }), await toEnd({ run: pretraining("own", null) })];
    expect(losses(given.run).length).toBeGreaterThan(1);
    expect(losses(given.run)).toEqual(losses(own.run));
    expect(existsSync(`${given.run.path}/tokens.cache`)).toBe(false);

    const refused = async (run: Run) => {
      const session = new Session({ run, device: cpu, workers: 0 });
      await session.done;
      return session.error?.message;
    };
    const others = await photosIn(`${folder}/others`, 20);
    expect(await refused(pretraining("others", out, others))).toMatch(
      /tokens: was made with data the middle at 16 of .*photos.* is wanted/,
    );
    expect(await refused(pretraining("none", `${folder}/nowhere`))).toMatch(/nowhere: cannot be opened/);
    expect(await refused(pretraining("folder", folder))).toMatch(/: is no file; give the one that the tokens were written to/);
    const again = Run.create(folder, recipeFor(photos, { stage: "tokenizer", seed: 5 }), "again");
    await toEnd({ run: again });
    await tokens(photos, "--tokenizer", again.path, "--out", out);
    expect(await refused(pretraining("other-tokens", out))).toMatch(/tokens: was made with fingerprint /);
  });
}, 60_000);

test("a picture that cannot be read ends it and leaves no file, or is black", async () => {
  await inFolder(async (folder) => {
    const photos = await photosIn(`${folder}/photos`, 5), out = `${folder}/tokens`;
    const run = Run.create(folder, recipeFor(photos, { stage: "tokenizer", tokenizer: { batchSize: 2 } }), "run");
    await toEnd({ run });
    writeFileSync(`${photos}/2.png`, "no picture");
    const ended = await tokens(photos, "--tokenizer", run.path, "--out", out);
    expect([ended.code, existsSync(out), /2\.png/.test(ended.said)]).toEqual([1, false, true]);
    expect((await tokens(photos, "--tokenizer", run.path, "--out", out, "--skip", "--batch", "2")).code).toBe(0);
    const read = () => {
      const cache = openTokenCache(out), all = [0, 1, 2, 3, 4].map((index) => [...cache.read(index)]);
      cache.close();
      return all;
    };
    const skipped = read();
    writeFileSync(`${photos}/2.png`, await encodePng({ width: 20, height: 16, pixels: new Uint8Array(20 * 16 * 3) }));
    expect((await tokens(photos, "--tokenizer", run.path, "--out", out)).code).toBe(0);
    expect(read()).toEqual(skipped);
  });
});

test("arguments that mean nothing are named", async () => {
  await inFolder(async (folder) => {
    const photos = await photosIn(`${folder}/photos`, 1);
    for (
      const [args, message] of [
        [[], /0 data sets are given/],
        [[photos], /--tokenizer is missing/],
        [[photos, "--tokenizer", "x"], /--out is missing/],
        [[photos, "--tokenizer", "x", "--out", "y", "--batch", "0"], /--batch is 0/],
        [["--nope"], /nope/],
      ] as [string[], RegExp][]
    ) {
      const { code, said } = await tokens(...args);
      expect([code, message.test(said)], said).toEqual([2, true]);
    }
    expect((await tokens("--help")).said).toContain("Usage: deno task tokens");
  });
});
