import { expect, test } from "bun:test";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageTensor } from "../../kernels/mod.ts";
import { fingerprint } from "../checkpoint/fingerprint.ts";
import { CpuDevice } from "../devices/cpu.ts";
import { CheckpointError, DataError, RecipeError } from "../errors.ts";
import { constant } from "../graph.ts";
import { tokenizer, tokenizerConfig } from "../models/tokenizer.ts";
import { initialValues, parameters } from "../nn/parameters.ts";
import { evaluate } from "../program.ts";
import { cacheTokens } from "./cache_tokens.ts";
import { openTokenCache } from "./token_cache.ts";

const config = tokenizerConfig({ hidden: 4, initial: 4, groups: 2, blocks: 1, vocab: 9 }), { params } = tokenizer(config);
const weights = Object.fromEntries(Object.entries(params).map(([name, spec]) => [name, initialValues(name, spec, 3)]));
const own = { config, weights, fingerprint: fingerprint(config, Object.entries(weights)) };
const path = join(mkdtempSync(join(tmpdir(), "cache-")), "five.tokens");
const pictures = Uint8Array.from({ length: 5 * 8 * 8 * 3 }, (_, i) => (i * i) >> 3);

test("a cache holds the tokens of every picture, whatever the batches", async () => {
  const device = await CpuDevice.open({ threads: 1 }), done: number[] = [];
  const pieces = [pictures.subarray(0, 3 * 192), pictures.subarray(3 * 192)];
  const header = await cacheTokens(device, own, pieces, {
    path,
    data: "five",
    size: 8,
    pictures: 5,
    batchSize: 2,
    progress: (n) => done.push(n),
  });
  expect(header).toEqual({ fingerprint: own.fingerprint, data: "five", vocab: 9, grid: [4, 4], pictures: 5 });
  expect(done).toEqual([2, 3, 5]);
  const x = imageTensor(constant("pictures", [5, 8, 8, 3], pictures, "u8"));
  const wanted = await evaluate(device, tokenizer(config).ids(parameters(params, { seed: 3 }), x));
  const cache = openTokenCache(path, { fingerprint: own.fingerprint });
  for (let n = 0; n < 5; n++) expect(Array.from(cache.read(n))).toEqual(Array.from(wanted.subarray(n * 16, (n + 1) * 16)));
  cache.close();

  const other = `${path}.other`, options = { path: other, data: "five", size: 8, pictures: 6 };
  await expect(cacheTokens(device, own, pieces, options)).rejects.toThrow(CheckpointError);
  await expect(cacheTokens(device, own, pieces, options)).rejects.toThrow(/80 tokens were given for 6 pictures/);
  await expect(cacheTokens(device, own, [pictures.subarray(1)], options)).rejects.toThrow(DataError);
  await expect(cacheTokens(device, own, pieces, { ...options, size: 7 })).rejects.toThrow(RecipeError);
  expect(existsSync(other)).toBe(false);
  await device.destroy();
});
