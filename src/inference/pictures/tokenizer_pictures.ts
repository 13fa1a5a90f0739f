// What a tokenizer makes of pictures: its reconstructions, its tokens, its codes.
import { imageTensor } from "../../../kernels/mod.ts";
import { type TokenizerWeights, withWeights } from "../../checkpoint/tokenizer.ts";
import { sheet } from "../../data/panels.ts";
import type { Picture } from "../../data/picture.ts";
import type { Device } from "../../devices/device.ts";
import { input } from "../../graph.ts";
import { tokenizer as tokenizerOf } from "../../models/tokenizer.ts";
import { parameters } from "../../nn/parameters.ts";
import { compile } from "../../program.ts";
import { middleOf } from "../../train/pictures.ts";
import { temperatures } from "../../train/stages/show_tokenizer.ts";
import type { Pixels } from "../types.ts";
import type { Model } from "../model.ts";
import { picturesOf } from "./sample.ts";

/** Rows: the pictures, their reconstruction from softmax(logits / temperature) at each temperature, and from the likeliest tokens. */
export async function reconstructionSheet(device: Device, weights: TokenizerWeights, model: Model, pixels: Pixels): Promise<Picture> {
  const { count: B, size } = pixels, tokenizer = tokenizerOf(weights.config);
  const p = parameters(withWeights(tokenizer.params, weights.weights), { name: "drawn tokenizer" });
  const pictures = imageTensor(input("pictures", [B, size, size, 3], "u8"));
  const program = await compile(device, { soft: tokenizer.expected(p, pictures, input("temperature", [1])) });
  const rows = picturesOf(pixels);
  try {
    for (const temperature of temperatures) {
      program.write({ pictures: pixels.data, temperature });
      program.run();
      rows.push(...picturesOf({ size, data: bytesOf(await program.read("soft") as Float32Array, B, size) }));
    }
  } finally {
    program.destroy();
  }
  const { ids } = await model.tokens(pixels), { width, data } = await model.decode(ids);
  return sheet([...rows, ...picturesOf({ size: width, data })], { columns: B });
}

/** Pictures of one code everywhere: what each of the `codes` stands for. Only the middle is shown, where no edge is near. */
export async function codeSheet(model: Model, codes: readonly number[]): Promise<Picture> {
  const [h, w] = model.description.tokenizer!.grid, pictures: Picture[] = [], most = 16;
  for (let first = 0; first < codes.length; first += most) {
    const part = codes.slice(first, first + most),
      ids = Uint32Array.from({ length: part.length * h * w }, (_, i) => part[Math.floor(i / (h * w))]);
    const { width, data } = await model.decode(ids);
    pictures.push(...picturesOf({ size: width, data }).map(middleOf));
  }
  return sheet(pictures, { columns: 16, gap: 2 });
}

/** (B, 3, H, W) within 0 to 1 → (B, H, W, 3) bytes. */
function bytesOf(values: Float32Array, count: number, size: number): Uint8Array<ArrayBuffer> {
  const plane = size * size, out = new Uint8Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const b = Math.floor(i / (3 * plane)), c = Math.floor(i / plane) % 3;
    out[(b * plane + i % plane) * 3 + c] = Math.round(255 * Math.min(1, Math.max(0, values[i])));
  }
  return out.subarray(0, count * plane * 3);
}
