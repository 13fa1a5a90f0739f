// A checkpoint's positions for another model: the shared bias table for every block, tables and embeddings at another resolution.

import { CheckpointError } from "../../errors.ts";
import { type BeitConfig, windowOf } from "../../models/beit_config.ts";
import { relativePositionRows, type Window } from "../../models/relative_position.ts";
import { resizeAbsolutePositions, resizeRelativePositions } from "../../models/resize_positions.ts";
import { StoredTensor } from "../checkpoint.ts";
import type { StoredTensors } from "./convert.ts";

const shared = "rel_pos_bias.relative_position_bias_table";

/**
 * Officially named tensors with the positions that the model wants: where it has a bias table a block, the shared one is copied into each
 * (pre-training to fine-tuning), and whatever was made for another window is resized. Everything else stays as it is.
 *
 * `from` is the window of the checkpoint; without it a square one is found from the sizes. Throws CheckpointError where they are no square's.
 */
export function fitPositions(
  tensors: StoredTensors,
  config: BeitConfig,
  { from, file = "checkpoint" }: { from?: Window; file?: string } = {},
) {
  const to = windowOf(config), fitted = new Map<string, StoredTensor>();
  const perBlock = config.relativePositions === "per-block";
  for (const [name, tensor] of tensors) {
    if (name === shared && perBlock) {
      for (let block = 0; block < config.depth; block++) {
        const own = `blocks.${block}.attn.relative_position_bias_table`;
        if (!tensors.has(own)) fitted.set(own, table(tensor, own));
      }
    } else if (name.endsWith("relative_position_bias_table")) fitted.set(name, table(tensor, name));
    else fitted.set(name, name === "pos_embed" ? positions(tensor) : tensor);
  }
  return fitted;

  function table(tensor: StoredTensor, name: string): StoredTensor {
    const [rows, heads] = tensor.shape, side = (Math.sqrt(rows - 3) + 1) / 2;
    const window = from ?? square(tensor, side);
    if (String(window) === String(to)) return made(name, tensor.shape, tensor.dtype, tensor.bytes, () => tensor.readRaw());
    const resize = async () => resizeRelativePositions(await tensor.readFloat32(), heads, window, to);
    return resized(name, [relativePositionRows(to), heads], resize);
  }

  function positions(tensor: StoredTensor): StoredTensor {
    const [, tokens, dim] = tensor.shape, window = from ?? square(tensor, Math.sqrt(tokens - 1));
    if (String(window) === String(to)) return tensor;
    const resize = async () => resizeAbsolutePositions(await tensor.readFloat32(), dim, window, to);
    return resized(tensor.name, [1, to[0] * to[1] + 1, dim], resize);
  }

  function square({ name, shape }: StoredTensor, side: number): Window {
    if (Number.isInteger(side) && side > 0) return [side, side];
    throw new CheckpointError(`${file}: ${name} (${shape.join(", ")}) is not of a square window; say which window it is of`);
  }

  function resized(name: string, shape: readonly number[], values: () => Promise<Float32Array>): StoredTensor {
    const bytes = shape.reduce((a, b) => a * b) * 4;
    return made(name, shape, "F32", bytes, async () => new Uint8Array((await values()).buffer));
  }

  function made(name: string, shape: readonly number[], dtype: StoredTensor["dtype"], bytes: number, load: () => Promise<Uint8Array>) {
    return new StoredTensor({ name, dtype, shape, bytes }, file, load);
  }
}
