// What a tokenizer makes of pictures, from the mean of many codes to one token each, and what its single codes look like.

import { imageTensor } from "../../../kernels/mod.ts";
import type { Batch } from "../../data/loader.ts";
import type { Device } from "../../devices/device.ts";
import { input, type Tensor } from "../../graph.ts";
import type { Tokenizer } from "../../models/tokenizer.ts";
import { compile, type Program } from "../../program.ts";
import { fromBytes, fromPlanes, middleOf, savePictures } from "../pictures.ts";
import type { Run } from "../run.ts";

export interface ShownTokenizer {
  device: Device;
  run: Run;
  model: Tokenizer;
  weights: Readonly<Record<string, Tensor>>;
  /** The program whose states the weights are. */
  share: Program;
  /** Pixels a side. */
  size: number;
  /** Uses of each code on held-out pictures. */
  counts: Float64Array;
}

/** Temperatures of softmax(logits / temperature): from the mean of many codes to nearly one. */
export const temperatures = [1, 1 / 4, 1 / 16] as const;

/** Pictures, codes, and codes that are decoded at once. */
const SHOWN = 8, CODES = 64, AT_ONCE = 16;

/** Writes reconstructions.png of a batch's first pictures, and samples.png of the commonest codes. */
export async function showTokenizer(
  { views: [{ pixels }], weights: held }: Pick<Batch, "views" | "weights">,
  { device, run, model, weights: p, share, size, counts }: ShownTokenizer,
): Promise<void> {
  const count = Math.min(SHOWN, held.filter((weight) => weight > 0).length), [h, w] = model.grid(size), places = h * w;
  const pictures = imageTensor(input("pictures", [count, size, size, 3], "u8"));
  const program = await compile(device, {
    soft: model.expected(p, pictures, input("temperature", [1])),
    drawn: model.decodeIds(p, model.ids(p, pictures), [h, w]),
    codes: model.decodeIds(p, input("codes", [AT_ONCE, places], "u32"), [h, w]),
  }, { share });
  const shown = pixels.subarray(0, count * size * size * 3), rows = fromBytes(shown, size, count), samples = [];
  const common = Array.from(counts.keys()).sort((a, b) => counts[b] - counts[a] || a - b).slice(0, CODES);
  try {
    for (let i = 0; i < Math.max(temperatures.length, common.length / AT_ONCE); i++) {
      const codes = Uint32Array.from({ length: AT_ONCE * places }, (_, k) => common[i * AT_ONCE + Math.floor(k / places)] ?? 0);
      program.write({ pictures: shown, temperature: temperatures[i] ?? 1, codes });
      program.run();
      if (i < temperatures.length) rows.push(...fromPlanes(await program.read("soft"), size, count));
      const some = Math.min(AT_ONCE, common.length - i * AT_ONCE);
      if (some > 0) samples.push(...fromPlanes(await program.read("codes"), size, some).map(middleOf));
    }
    rows.push(...fromPlanes(await program.read("drawn"), size, count));
  } finally {
    program.destroy();
  }
  await savePictures(run, "reconstructions", rows, count);
  await savePictures(run, "samples", samples, AT_ONCE);
}
