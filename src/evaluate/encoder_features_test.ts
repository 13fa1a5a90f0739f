import { expect, test } from "bun:test";
import { imageTensor } from "../../kernels/mod.ts";
import { providers } from "../../tests/providers.ts";
import { input } from "../graph.ts";
import { beit, beitParams } from "../models/beit.ts";
import { beitConfig } from "../models/beit_config.ts";
import { embedding } from "../models/beit_heads.ts";
import { parameters } from "../nn/parameters.ts";
import { compile } from "../program.ts";
import { blockFeatures, encoderFeatures } from "./encoder_features.ts";
import { collect } from "./features.ts";
import { normals } from "./testing.ts";

const config = beitConfig({ imageSize: 8, patchSize: 4, dim: 16, depth: 2, heads: 2, vocab: 8 });
const pixels = Uint8Array.from(normals(5 * 8 * 8 * 3, 1), (v) => 128 + 40 * v), half = [0.5, 0.5, 0.5] as const;

for (const provider of providers) {
  test(`encoderFeatures() on ${provider.name} gives each block's own embedding, also of a short batch`, async () => {
    const device = await provider.open(), p = parameters(beitParams(config), { seed: 1 });
    const encoder = await encoderFeatures(device, p, config, { batchSize: 4, mean: half, std: half });
    const batches = [{ count: 4, pixels: pixels.subarray(0, 4 * 192) }, { count: 1, pixels: pixels.subarray(4 * 192) }];
    const found = blockFeatures(await collect(batches, encoder.extract));
    encoder.destroy();
    expect(found.map(({ block, pool }) => `${block} ${pool}`)).toEqual(
      [0, 1, 2].flatMap((b) => [`${b} class-token`, `${b} mean`, `${b} both`]),
    );

    const encoded = beit(p, imageTensor(input("x", [5, 8, 8, 3], "u8"), half, half), config);
    for (const { block, pool, features } of found) {
      const program = await compile(device, { y: embedding(encoded, { block, pool }) });
      program.write({ x: pixels });
      program.run();
      const wanted = await program.read("y");
      program.destroy();
      expect([features.rows, features.values.length]).toEqual([5, wanted.length]);
      features.values.forEach((v, i) => expect(Math.abs(v - wanted[i]), `block ${block} ${pool} ${i}`).toBeLessThan(1e-5));
    }
  });
}

test("encoderFeatures() refuses more pictures than its batch, and pixels of another size", async () => {
  const device = await providers.at(-1)!.open();
  const encoder = await encoderFeatures(device, parameters(beitParams(config)), config, {
    batchSize: 2,
    mean: half,
    std: half,
    blocks: [2],
  });
  await expect(encoder.extract({ count: 3, pixels: pixels.subarray(0, 3 * 192) })).rejects.toThrow(/give 1 to 2 of them/);
  await expect(encoder.extract({ count: 1, pixels: pixels.subarray(0, 191) })).rejects.toThrow(/191 bytes are no 1 pictures of 8 x 8 x 3/);
  expect(Object.keys(await encoder.extract({ count: 1, pixels: pixels.subarray(0, 192) }))).toEqual(["2 class-token", "2 mean"]);
  encoder.destroy();
});
