// Pixels as what is predicted at masked patches: the loss, and its pictures.

import { add, divide, gather, l2Loss, layerNorm, multiply, sum, unfold } from "../../../kernels/mod.ts";
import type { Batch } from "../../data/loader.ts";
import { masked, withMask } from "../../data/panels.ts";
import type { Picture } from "../../data/picture.ts";
import type { Device } from "../../devices/device.ts";
import { constant, reshape, type Tensor } from "../../graph.ts";
import { compile, type Program } from "../../program.ts";
import { fromBytes, savePictures } from "../pictures.ts";
import { recordEvaluation } from "../report/inputs.ts";
import type { Run } from "../run.ts";
import { takenBy, type Values } from "../update.ts";

/** Added to a patch's variance. */
const eps = 1e-6;

/**
 * Squared error of `predicted` (M, K) against the patches `rows` of the pictures, each normalised to mean 0 and variance 1 (He et al.
 * 2022); rows of weight 0 do not count. `flat` is the error of predicting every patch as its mean colour.
 */
export function pixelLoss(
  predicted: Tensor,
  pictures: Tensor,
  patch: number,
  rows: Tensor,
  weights: Tensor,
): { loss: Tensor; flat: Tensor } {
  const [M, K] = predicted.shape,
    filled = (value: number, shape: number[]) =>
      constant(String(value), shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(value));
  const wanted = layerNorm(gather(unfold(pictures, patch), rows), filled(1, [K]), filled(0, [K]), eps), column = reshape(weights, [-1, 1]);
  const counted = multiply(wanted, column), values = add(multiply(sum(weights), filled(K, [1])), filled(1e-12, [1])); // 0 for no rows at all
  const mean = (given: Tensor) => divide(l2Loss(given, counted, "sum"), values);
  return { loss: mean(multiply(predicted, column)), flat: mean(filled(0, [M, K])) };
}

/** Pictures that are shown at most. */
const most = 8;

export interface PixelPredictions {
  device: Device;
  run: Run;
  /** Normalised pixels (B * M, K) at the masked patches, with the program whose states they use. */
  predicted: Tensor;
  share: Program;
  /** Pixels a side of a picture and of a patch. */
  size: number;
  patch: number;
}

/**
 * masks.png and predictions.png of a batch's first pictures. A prediction has no brightness or contrast of its own: it is shown with those
 * of the patch that is hidden.
 */
export async function showPixels(
  batch: Batch,
  values: Values,
  { device, run, predicted, share, size, patch }: PixelPredictions,
): Promise<void> {
  const program = await compile(device, { predicted }, { share });
  program.write(takenBy(program, values));
  program.run();
  const found = await program.read("predicted"), { token: mask, positions, masked: counted } = batch.fields;
  program.destroy();

  const B = batch.indices.length, M = predicted.shape[0] / B, K = predicted.shape[1], side = size / patch, N = side * side;
  const count = Math.min(most, batch.weights.lastIndexOf(1) + 1), grid = { rows: side, columns: side };
  const seen = fromBytes(batch.views[0].pixels, size, count), masks = seen.map((_, b) => mask.subarray(b * N, (b + 1) * N));
  const drawn = seen.map((picture, b) => {
    const own = { ...picture, pixels: picture.pixels.slice() };
    for (let i = b * M; i < (b + 1) * M; i++) {
      if (counted[i]) drawPatch(own, positions[i], patch, found.subarray(i * K, (i + 1) * K) as Float32Array);
    }
    return own;
  });
  const hidden = seen.map((picture, b) => withMask(picture, masks[b], grid));
  await savePictures(run, "masks", hidden, count);
  await savePictures(
    run,
    "predictions",
    [...seen, ...hidden, ...seen.map((picture, b) => masked(picture, drawn[b], masks[b], grid))],
    count,
  );
  recordEvaluation(run.path, {
    captions: {
      "masks.png": "What is hidden while the model is trained: it must predict the pixels of the grey patches.",
      "predictions.png":
        "Picture, what the model sees of it, and its guesses at the hidden patches, shown with the brightness and contrast " +
        "of what is hidden there: only the shapes are guessed. Blurred is normal.",
    },
  });
}

/** Pixels (3, p, p) of mean 0 and variance 1 in place of a patch, with the mean and variance that it has. */
function drawPatch({ width, pixels }: Picture, position: number, patch: number, values: Float32Array): void {
  const columns = width / patch, top = Math.floor(position / columns) * patch, left = position % columns * patch, K = values.length;
  const places = Array.from(values, (_, k) => {
    const channel = Math.floor(k / patch ** 2), y = top + Math.floor(k / patch) % patch, x = left + k % patch;
    return 3 * (y * width + x) + channel;
  });
  const mean = places.reduce((sum, at) => sum + pixels[at], 0) / K;
  const std = Math.sqrt(places.reduce((sum, at) => sum + (pixels[at] - mean) ** 2, 0) / K);
  places.forEach((at, k) => pixels[at] = Math.round(Math.min(255, Math.max(0, mean + std * values[k]))));
}
