// Features of every block of a BEiT at once: one pass of the encoder, one read from the device.

import { concat, imageTensor, type Rgb } from "../../kernels/mod.ts";
import type { Device } from "../devices/device.ts";
import { ShapeError } from "../errors.ts";
import { input, type Tensor } from "../graph.ts";
import { beit } from "../models/beit.ts";
import { type BeitConfig, windowOf } from "../models/beit_config.ts";
import { embedding } from "../models/beit_heads.ts";
import { compile, type Program } from "../program.ts";
import type { BlockFeatures, Pool } from "./choose_block.ts";
import type { Features } from "./features.ts";

export interface EncoderFeaturesOptions {
  /** Pictures of a pass; fewer may be given. */
  batchSize: number;
  /** Of red, green and blue in [0, 1]. */
  mean: Rgb;
  std: Rgb;
  /** Blocks whose features are wanted; all, from 0 (the embeddings) on, if absent. */
  blocks?: readonly number[];
  /** A program whose weights `p` are. */
  share?: Program;
}

export interface EncoderFeatures {
  /** Pictures (n, H, W, 3), bytes, n up to the batch size → (n, C) by "<block> <pool>", for `collect()`. */
  extract(batch: { count: number; pixels: Uint8Array }): Promise<Record<string, Float32Array>>;
  destroy(): void;
}

/**
 * Class tokens and means of patches after the blocks of an encoder with parameters `p`. @throws ShapeError, LimitError
 *
 * ```ts
 * import { beitConfig, beitParams, encoderFeatures, openDevice, parameters } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 });
 * const device = await openDevice({ device: "cpu", threads: 1 }), half = [0.5, 0.5, 0.5] as const;
 * const encoder = await encoderFeatures(device, parameters(beitParams(config)), config, { batchSize: 2, mean: half, std: half });
 * const found = await encoder.extract({ count: 1, pixels: new Uint8Array(32 * 32 * 3) });
 * console.assert(found["1 mean"].length === 16 && "0 class-token" in found);
 * encoder.destroy();
 * await device.destroy();
 * ```
 */
export async function encoderFeatures(
  device: Device,
  p: Readonly<Record<string, Tensor>>,
  config: BeitConfig,
  { batchSize: B, mean, std, blocks, share }: EncoderFeaturesOptions,
): Promise<EncoderFeatures> {
  const [H, W] = windowOf(config).map((side) => side * config.patchSize),
    C = config.dim,
    wanted = blocks ?? Array.from({ length: config.depth + 1 }, (_, l) => l);
  const encoded = beit(p, imageTensor(input("pictures", [B, H, W, 3], "u8"), mean, std), config);
  const names = wanted.flatMap((block) => (["class-token", "mean"] as const).map((pool) => ({ block, pool })));
  const program = await compile(device, { all: concat(names.map((name) => embedding(encoded, name)), 1) }, { share });
  const padded = new Uint8Array(B * H * W * 3);
  return {
    async extract({ count, pixels }) {
      if (count < 1 || count > B || pixels.length !== count * H * W * 3) {
        throw new ShapeError(
          `encoderFeatures: ${pixels.length} bytes are no ${count} pictures of ${H} x ${W} x 3; give 1 to ${B} of them`,
        );
      }
      padded.set(pixels);
      program.write({ pictures: padded });
      program.run();
      const all = await program.read("all"), width = names.length * C;
      return Object.fromEntries(names.map(({ block, pool }, n) => {
        const values = new Float32Array(count * C);
        for (let r = 0; r < count; r++) values.set(all.subarray(r * width + n * C, r * width + (n + 1) * C) as Float32Array, r * C);
        return [`${block} ${pool}`, values];
      }));
    },
    destroy: () => program.destroy(),
  };
}

/**
 * What `collect()` made of `extract()`, for `chooseBlock()`: class token, mean, and both side by side, block after block.
 *
 * ```ts
 * import { blockFeatures, featureTable } from "../../mod.ts";
 * const table = featureTable(Float32Array.of(1, 2), 2);
 * const [classToken, mean, both] = blockFeatures({ "3 class-token": table, "3 mean": table });
 * console.assert(classToken.block === 3 && mean.pool === "mean" && both.features.dim === 4);
 * ```
 */
export function blockFeatures(collected: Readonly<Record<string, Features>>): BlockFeatures[] {
  const blocks = [...new Set(Object.keys(collected).map((name) => Number(name.split(" ")[0])))].sort((a, b) => a - b);
  return blocks.flatMap((block) => {
    const [classToken, mean] = ["class-token", "mean"].map((pool) => collected[`${block} ${pool}`]);
    const of: [Pool, Features][] = [["class-token", classToken], ["mean", mean], ["both", besides(classToken, mean)]];
    return of.map(([pool, features]) => ({ block, pool, features }));
  });
}

function besides(a: Features, b: Features): Features {
  const dim = a.dim + b.dim, values = new Float32Array(a.rows * dim);
  for (let r = 0; r < a.rows; r++) {
    values.set(a.values.subarray(r * a.dim, (r + 1) * a.dim), r * dim);
    values.set(b.values.subarray(r * b.dim, (r + 1) * b.dim), r * dim + a.dim);
  }
  return { rows: a.rows, dim, values };
}
