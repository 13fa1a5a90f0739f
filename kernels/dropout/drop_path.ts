// Stochastic depth: whole samples of a residual branch are dropped.

import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import { add } from "../arithmetic/arithmetic.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import philoxWgsl from "../common/philox.wgsl" with { type: "text" };
import type { Random } from "../random/source.ts";
import { drawUniform, drawValues } from "../random/words.ts";
import { checkRate, threshold } from "./dropout.ts";
import addSamplesWgsl from "./add_samples.wgsl" with { type: "text" };
import keepMaskWgsl from "./keep_mask.wgsl" with { type: "text" };
import scaleSamplesWgsl from "./scale_samples.wgsl" with { type: "text" };

/**
 * x with each sample set to 0 with probability `rate` and the others divided by 1 - rate (Huang et al. 2016, as in timm).
 *
 * Samples are the places of the first axis; rows of tokens (B * T, C) give `samples` = B. Only the mask (B) is kept for backward.
 * A rate of 0 is x itself. `residual`, of x's shape, is added in the same launch.
 *
 * ```ts
 * import { constant, dropPath, interpret, randomSource } from "../../mod.ts";
 * const random = randomSource(), x = constant("x", [4, 2], new Float32Array(8).fill(1));
 * const [y] = interpret([dropPath(x, 0.5, random)], new Map([[random.state, [0, 1]]])); // seed 0, step 1
 * console.assert(y.every((value, i) => value === y[i - i % 2] && (value === 0 || value === 2)));
 * ```
 */
export function dropPath(x: Tensor, rate: number, random: Random, samples = x.shape[0], residual?: Tensor): Tensor {
  checkRate("dropPath", rate);
  if (rate === 0) return residual ? add(residual, x) : x;
  return dropPathWith(x, keepMask(samples, rate, random), rate, residual);
}

/** `dropPath` with a given mask (B) of 0 and 1: 1 keeps a sample. */
export function dropPathWith(x: Tensor, mask: Tensor, rate: number, residual?: Tensor): Tensor {
  checkRate("dropPath", rate);
  return scaleSamples({ x, mask, residual }, { scale: 1 / (1 - rate) }).y;
}

/** A mask (samples) that is 1 with probability 1 - rate, else 0. */
export function keepMask(samples: number, rate: number, random: Random): Tensor {
  checkRate("keepMask", rate);
  return maskOp({ random: random.state }, { samples, rate, stream: random.next() }).y;
}

const maskOp = defineOp<{ random: Tensor }, "y", { samples: number; rate: number; stream: number }>({
  name: "keep_mask",
  outputs: (_, { samples }) => ({ y: [samples] }),
  launches: (_, { samples, rate, stream }) => [{
    label: "dropout/keep_mask",
    wgsl: flatIndex + philoxWgsl + keepMaskWgsl,
    dims: { Y: samples, stream, threshold: threshold(rate) },
    workgroups: Math.ceil(samples / 64),
  }],
  backward: null,
  reference: ({ random }, _, { samples, rate, stream }) => ({
    y: drawValues(drawUniform, random, stream, samples).map((u) => u * 2 ** 24 >= threshold(rate) ? 1 : 0),
  }),
});

const scaleSamples = defineOp<{ x: Tensor; mask: Tensor; residual?: Tensor }, "y", { scale: number }>({
  name: "drop_path",
  f16: ["y"],
  outputs({ x, mask, residual }) {
    if (residual && residual.shape.join() !== x.shape.join()) {
      throw new ShapeError(`dropPath: ${x} is added to ${residual}; the shapes must agree`);
    }
    if (x.size % mask.size) {
      throw new ShapeError(`dropPath: ${x} does not divide into the ${mask.size} samples of ${mask}; give the number of samples in x`);
    }
    return { y: x.shape };
  },
  launches: ({ y, mask, residual }, { scale }) => [{
    label: residual ? "dropout/add_samples" : "dropout/scale_samples",
    wgsl: flatIndex + (residual ? addSamplesWgsl : scaleSamplesWgsl),
    dims: { Y: y.size, S: y.size / mask.size, scale },
    workgroups: Math.ceil(y.size / 64),
  }],
  backward: ({ mask, residual }, { dy }, attributes): { x: Tensor; residual?: Tensor } => ({
    x: scaleSamples({ x: dy!, mask }, attributes).y,
    ...residual && { residual: dy },
  }),
  reference({ x, mask, residual }, { y }, { scale }) {
    const S = y.size / mask.length;
    return { y: Float64Array.from(x, (v: number, i) => (residual?.[i] ?? 0) + v * mask[Math.floor(i / S)] * scale) };
  },
  cpu({ x, mask, residual, y }, { scale }, kernels) {
    const S = y.size / mask.size;
    for (let b = 0; b < mask.size; b++) {
      const at = 4 * b * S, a = x.pointer + at, added = residual && residual.pointer + at;
      kernels.elementwise({ operation: "sum", a, b: added, y: y.pointer + at, C: S, alpha: mask.data[b] * scale });
    }
  },
});
