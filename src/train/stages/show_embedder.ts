// What an embedder finds and where an encoder looks, as pictures.

import { imageTensor } from "../../../kernels/mod.ts";
import { heatMap } from "../../data/panels.ts";
import type { Device } from "../../devices/device.ts";
import { type Features, nearest, pick } from "../../evaluate/mod.ts";
import { input } from "../../graph.ts";
import { attentionMap } from "../../models/beit_attention.ts";
import { beit } from "../../models/beit.ts";
import { type BeitConfig, windowOf } from "../../models/beit_config.ts";
import { parameters, type ParamSpec } from "../../nn/parameters.ts";
import { compile } from "../../program.ts";
import { fromBytes, savePictures } from "../pictures.ts";
import type { Recipe } from "../recipe.ts";
import type { Run } from "../run.ts";

/** Rows of pictures, and pictures beside the query. */
const queries = 6, found = 5;

/** neighbours.png: the first pictures of `test` with the nearest of `bank`; rows are numbers of features and of pictures (R, S, S, 3). */
export async function showNeighbours(
  run: Run,
  features: Features,
  pixels: Uint8Array,
  size: number,
  { bank, test }: Record<"bank" | "test", Uint32Array>,
): Promise<void> {
  const asked = test.subarray(0, queries),
    { indices, k } = nearest(pick(features, bank), pick(features, asked), Math.min(found, bank.length));
  const bytes = 3 * size * size, at = (row: number) => fromBytes(pixels.subarray(row * bytes), size, 1)[0];
  const rows = [...asked].flatMap((query, q) => [at(query), ...[...indices.subarray(q * k, (q + 1) * k)].map((row) => at(bank[row]))]);
  await savePictures(run, "neighbours", rows, k + 1);
}

/** attention.png: pictures, and under them how much the class token looks at each patch after `block`, head by head. */
export async function showAttention(
  run: Run,
  device: Device,
  table: Record<string, ParamSpec>,
  config: BeitConfig,
  block: number,
  pixels: Uint8Array,
  { data: { mean, std } }: Pick<Recipe, "data">,
): Promise<void> {
  const [rows, columns] = windowOf(config), size = rows * config.patchSize, count = Math.min(queries, pixels.length / (3 * size * size));
  const heads = Math.min(config.heads, 4), N = rows * columns, T = N + 1, p = parameters(table);
  const encoded = beit(p, imageTensor(input("pictures", [count, size, size, 3], "u8"), mean, std), config);
  const program = await compile(device, { looks: attentionMap(p, encoded, block, config) });
  program.write({ pictures: pixels.subarray(0, count * 3 * size * size) });
  program.run();
  const looks = await program.read("looks"), pictures = fromBytes(pixels, size, count);
  program.destroy();
  const maps = Array.from({ length: heads }, (_, head) => head).flatMap((head) =>
    pictures.map((picture, b) => {
      const from = (b * config.heads + head) * T * T + 1; // the class token's row, without itself
      return heatMap(picture, looks.subarray(from, from + N), { rows, columns });
    })
  );
  await savePictures(run, "attention", [...pictures, ...maps], count);
}
