// The one picture that could stand for all: what a decoder that is told nothing about a picture can do at best.

import { conv2d } from "../../../kernels/mod.ts";
import type { Batch } from "../../data/loader.ts";
import { constant, type Tensor } from "../../graph.ts";
import type { VaeConfig } from "../../models/vae.ts";

/** Shares of red, green and blue in grey: ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114];

/** Pictures (B, 3, H, W) as they are, or as grey ones (B, 1, H, W). */
export function inChannels(pictures: Tensor, channels: number): Tensor {
  return channels === 3 ? pictures : conv2d(pictures, constant("luma", [1, 3, 1, 1], luma));
}

/** Collects pictures; `cost` is the reconstruction loss of each under their own mean. */
export function meanPicture({ channels, likelihood }: Pick<VaeConfig, "channels" | "likelihood">, size: number) {
  const values = size * size * channels, sums = new Float64Array(values), squares = new Float64Array(values);
  let count = 0;
  return {
    add({ views: [{ pixels }], weights }: Pick<Batch, "views" | "weights">): void {
      weights.forEach((weight, b) => {
        if (weight <= 0) return;
        count++;
        for (let i = 0, at = b * size * size * 3; i < values; i++) {
          const p = at + 3 * i, grey = luma[0] * pixels[p] + luma[1] * pixels[p + 1] + luma[2] * pixels[p + 2];
          const value = (channels === 3 ? pixels[at + i] : grey) / 255;
          sums[i] += value;
          squares[i] += value * value;
        }
      });
    },
    cost(): number {
      return sums.reduce((cost, sum, i) => {
        const m = sum / count;
        return cost + (likelihood === "gaussian" ? squares[i] / count - m * m : entropy(m));
      }, 0);
    },
  };
}

/** Of one bit that is set with probability p, in nats: the mean cross-entropy of values whose mean is p. */
const entropy = (p: number) => p > 0 && p < 1 ? -p * Math.log(p) - (1 - p) * Math.log(1 - p) : 0;
