// Embeddings of every block and pooling against the same model in float64 and pooling written out.

import { expect, test } from "bun:test";
import { providers } from "../../tests/providers.ts";
import { input, type Tensor } from "../graph.ts";
import { interpret } from "../interpret.ts";
import { parameters } from "../nn/parameters.ts";
import { compile } from "../program.ts";
import { beit, beitParams } from "./beit.ts";
import { beitConfig } from "./beit_config.ts";
import { embedding } from "./beit_heads.ts";

const config = beitConfig({ imageSize: [16, 24], patchSize: 8, dim: 20, depth: 3, heads: 2 });
const B = 3, N = 6, T = 1 + N, C = 20, pools = ["class-token", "mean", "both", "dense"] as const;

const table = Object.fromEntries(
  Object.entries(beitParams(config)).map(([name, spec]) => {
    const around = /norm.*\.weight$|gamma/.test(name) ? 1 : 0;
    return [name, { ...spec, init: (draws: { normal(): number }) => around + 0.2 * draws.normal() }];
  }),
);
const pictures = input("pictures", [B, 3, 16, 24]), p = parameters(table), encoded = beit(p, pictures, config);
const values = Float32Array.from({ length: pictures.size }, (_, i) => Math.sin(i * 1.3) + Math.cos(i / 17));
const blocks = interpret(encoded.blocks, new Map<Tensor, ArrayLike<number>>([[pictures, values]]));

/** Rows of a block (B, T, C) in float64, pooled. */
function pooled(x: ArrayLike<number>, pool: typeof pools[number]): number[] {
  const token = (b: number, t: number) => Array.from({ length: C }, (_, c) => x[(b * T + t) * C + c]);
  const pictures = Array.from({ length: B }, (_, b) => b), patches = Array.from({ length: N }, (_, n) => n + 1);
  const mean = (b: number) => Array.from({ length: C }, (_, c) => patches.reduce((sum, t) => sum + token(b, t)[c], 0) / N);
  switch (pool) {
    case "class-token":
      return pictures.flatMap((b) => token(b, 0));
    case "mean":
      return pictures.flatMap(mean);
    case "both":
      return pictures.flatMap((b) => [...token(b, 0), ...mean(b)]);
    case "dense":
      return pictures.flatMap((b) => patches.flatMap((t) => token(b, t)));
  }
}

for (const { name, open } of providers) {
  test(`embedding() gives every block and pooling as float64 does, on ${name}`, async () => {
    const wanted = encoded.blocks.flatMap((_, block) => pools.map((pool) => ({ block, pool })));
    const outputs = Object.fromEntries(wanted.map((options) => [`${options.pool} ${options.block}`, embedding(encoded, options)]));
    const program = await compile(await open(), outputs);
    try {
      program.write({ pictures: values });
      program.run();
      for (const { block, pool } of wanted) {
        const got = await program.read(`${pool} ${block}`), want = pooled(blocks[block], pool);
        expect(got.length).toBe(want.length);
        const largest = Math.max(...want.map(Math.abs)), error = Math.max(...want.map((v, i) => Math.abs(v - got[i])));
        expect(largest).toBeGreaterThan(0.1);
        expect(error / largest, `${pool} of block ${block}`).toBeLessThan(5e-6);
      }
    } finally {
      program.destroy();
    }
  });
}

test("embedding() is the mean of the last block's patches where nothing is said, and refuses a block that there is not", () => {
  const whole = embedding(encoded);
  expect(whole.shape).toEqual([B, C]);
  const [got] = interpret([whole], new Map<Tensor, ArrayLike<number>>([[pictures, values]]));
  pooled(blocks[3], "mean").forEach((v, i) => expect(got[i]).toBeCloseTo(v, 10));
  expect(() => embedding(encoded, { block: 4 })).toThrow("embedding: there is no block 4; choose one from 0 to 3");
});
