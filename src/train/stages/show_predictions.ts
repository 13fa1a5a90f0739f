// What a masked image model predicts, as pictures: the input, what is hidden of it, the tokens predicted there and the true ones, drawn by
// the decoder.

import { argmax } from "../../../kernels/mod.ts";
import type { TokenizerWeights } from "../../checkpoint/tokenizer.ts";
import { withWeights } from "../../checkpoint/tokenizer.ts";
import type { Batch } from "../../data/loader.ts";
import { masked, withMask } from "../../data/panels.ts";
import type { Device } from "../../devices/device.ts";
import { input, type Tensor } from "../../graph.ts";
import { tokenizer } from "../../models/tokenizer.ts";
import { parameters } from "../../nn/parameters.ts";
import { compile, type Program } from "../../program.ts";
import { fromBytes, fromPlanes, savePictures } from "../pictures.ts";
import { recordEvaluation } from "../report/inputs.ts";
import type { Run } from "../run.ts";
import { takenBy, type Values } from "../update.ts";

export interface Predictions {
  device: Device;
  run: Run;
  /** Logits (B * M, V) at the masked patches and true tokens (B, N), with the program whose states they use. */
  logits: Tensor;
  ids: Tensor;
  share: Program;
  tokenizer: Pick<TokenizerWeights, "config" | "weights">;
  /** Pixels a side of the encoder's and of the tokenizer's view. */
  size: number;
  tokenSize: number;
}

/** Pictures that are shown at most. */
const most = 8;

/** Writes masks.png and predictions.png of a batch's first pictures, and their tokens as maps. */
export async function showPredictions(
  batch: Batch,
  values: Values,
  { device, run, logits, ids, share, ...of }: Predictions,
): Promise<void> {
  const model = tokenizer(of.tokenizer.config),
    [h, w] = model.grid(of.tokenSize),
    N = h * w,
    B = batch.indices.length,
    M = logits.shape[0] / B;
  const count = Math.min(most, batch.weights.lastIndexOf(1) + 1), grid = { rows: h, columns: w };
  const program = await compile(device, { predicted: argmax(logits, 1), ids }, { share });
  program.write(takenBy(program, values));
  program.run();
  const predicted = await program.read("predicted"), tokens = Uint32Array.from((await program.read("ids")).subarray(0, count * N));
  program.destroy();

  const wholes = tokens.slice(),
    masks = Array.from({ length: count }, (_, b) => Float32Array.from(batch.fields.token.subarray(b * N, (b + 1) * N)));
  for (let i = 0; i < count * M; i++) {
    if (batch.fields.masked[i]) wholes[Math.floor(i / M) * N + batch.fields.positions[i]] = predicted[i];
  }
  const pictures = fromBytes(batch.views[0].pixels, of.size, count);
  await savePictures(run, "masks", pictures.map((picture, b) => withMask(picture, masks[b], grid)), count);
  const name = (b: number) => batch.names[b].split(/[\\/]/).at(-1); // a caption has no room for a path
  const maps = Array.from({ length: Math.min(4, count) }, (_, b) => b).flatMap((b) =>
    [["", tokens], [", predicted", wholes]].map(([suffix, all]) => ({
      name: `${name(b)}${suffix}`,
      ...grid,
      vocab: model.vocab,
      tokens: [...(all as Uint32Array).subarray(b * N, (b + 1) * N)],
    }))
  );
  recordEvaluation(run.path, { tokenMaps: maps });
  if (!Object.keys(of.tokenizer.weights).some((name) => name.startsWith("decoder."))) return;

  const p = parameters(withWeights(model.params, of.tokenizer.weights), { name: "decoder" });
  const drawing = await compile(device, { drawn: model.decodeIds(p, input("ids", [count, N], "u32"), [h, w]) });
  const drawn = async (ids: Uint32Array) => {
    drawing.write({ ids });
    drawing.run();
    return fromPlanes(await drawing.read("drawn"), of.tokenSize, count);
  };
  const seen = fromBytes(batch.views[1].pixels, of.tokenSize, count), guessed = await drawn(wholes), best = await drawn(tokens);
  drawing.destroy();
  const hidden = seen.map((picture, b) => withMask(picture, masks[b], grid)),
    filled = seen.map((picture, b) => masked(picture, guessed[b], masks[b], grid));
  await savePictures(run, "predictions", [...seen, ...hidden, ...filled, ...best], count);
}
