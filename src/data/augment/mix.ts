// Mixup and CutMix for a batch, as timm's batch mode: every picture is paired with its mirror in the batch, and one share and one box hold
// for all. Here are the numbers; the pixels are blended on the device.

import { DataError } from "../../errors.ts";
import type { Box } from "../picture.ts";
import { type DrawKey, draws } from "../random.ts";
import type { Size } from "./crop.ts";

export interface MixSettings {
  /** Share of batches that are mixed at all. */
  probability: number;
  /** Beta(a, a) of the share of mixup; 0 turns mixup off. */
  mixup: number;
  /** Beta(a, a) of the share of CutMix; 0 turns CutMix off. */
  cutmix: number;
  /** How often CutMix is taken where both are on. */
  switchProbability: number;
}

/** With `box`: its pixels come from the partner. Without: x = lambda * x + (1 - lambda) * partner. Not mixed: lambda 1, no box. */
export interface Mix {
  /** Weight of the picture's own label; with a box, the share of the area that is left to it. */
  lambda: number;
  box: Box | null;
}

/** The mix of the batch that `key.index` counts. */
export function drawMix(size: Size, { probability, mixup, cutmix, switchProbability }: MixSettings, key: DrawKey): Mix {
  const from = draws(key, "mix");
  if (mixup === 0 && cutmix === 0 || from.uniform() >= probability) return { lambda: 1, box: null };
  const cut = cutmix > 0 && (mixup === 0 || from.uniform() < switchProbability);
  const alpha = cut ? cutmix : mixup, lambda = from.beta(alpha, alpha);
  if (!cut) return { lambda, box: null };

  const { width: W, height: H } = size, side = Math.sqrt(1 - lambda);
  const [top, bottom] = span(from.integer(0, H - 1), Math.trunc(H * side), H);
  const [left, right] = span(from.integer(0, W - 1), Math.trunc(W * side), W);
  const box = { left, top, width: right - left, height: bottom - top };
  return { lambda: 1 - box.width * box.height / (W * H), box };
}

/** `length` around `centre`, cut at the borders of 0..limit. */
function span(centre: number, length: number, limit: number): [number, number] {
  const half = Math.floor(length / 2);
  return [Math.max(0, centre - half), Math.min(limit, centre + half)];
}

/** Who is mixed into place `index` of a batch: the picture at the mirrored place. */
export function partner(index: number, batch: number): number {
  return batch - 1 - index;
}

/**
 * (B, K): smoothed one-hot labels, lambda of the own and 1 - lambda of the partner's.
 *
 * @throws {DataError} if a label is not one of the classes.
 */
export function mixTargets(labels: ArrayLike<number>, classes: number, smoothing: number, lambda: number): Float32Array {
  const B = labels.length, targets = new Float32Array(B * classes).fill(smoothing / classes);
  for (let i = 0; i < B; i++) {
    if (!(labels[i] >= 0 && labels[i] < classes)) {
      throw new DataError(
        `mixTargets: label ${labels[i]} at place ${i}, there are ${classes} classes; correct the label or the number of classes`,
      );
    }
    targets[i * classes + labels[i]] += (1 - smoothing) * lambda;
    targets[i * classes + labels[partner(i, B)]] += (1 - smoothing) * (1 - lambda);
  }
  return targets;
}
