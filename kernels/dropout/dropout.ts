import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import philoxWgsl from "../common/philox.wgsl" with { type: "text" };
import type { Random } from "../random/source.ts";
import { drawUniform, drawValues, randomWords } from "../random/words.ts";
import dropoutWgsl from "./dropout.wgsl" with { type: "text" };

/**
 * x with each value set to 0 with probability `rate` and the others divided by 1 - rate (Srivastava et al. 2014). Any shape.
 * Backward draws the same numbers again; no mask is stored. A rate of 0 is x itself.
 *
 * ```ts
 * import { constant, dropout, interpret, randomSource } from "../../mod.ts";
 * const random = randomSource(), x = constant("x", [8], new Float32Array(8).fill(1));
 * const [y] = interpret([dropout(x, 0.5, random)], new Map([[random.state, [0, 1]]])); // seed 0, step 1
 * console.assert(y.every((value) => value === 0 || value === 2));
 * ```
 */
export function dropout(x: Tensor, rate: number, random: Random): Tensor {
  checkRate("dropout", rate);
  return rate === 0 ? x : op({ x, random: random.state }, { rate, stream: random.next() }).y;
}

/** @throws ShapeError for a rate outside [0, 1). */
export function checkRate(op: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`${op}: the rate is ${rate}; give a probability from 0 to below 1`);
}

/** The rate in the units of a uniform draw, 2^-24: comparing whole numbers gives the same mask in every precision. */
export const threshold = (rate: number) => Math.round(rate * 2 ** 24);

const op = defineOp<{ x: Tensor; random: Tensor }, "y", { rate: number; stream: number }>({
  name: "dropout",
  f16: ["y"],
  outputs: ({ x }) => ({ y: x.shape }),
  launches: ({ y }, { rate, stream }) => [{
    label: "dropout",
    wgsl: flatIndex + philoxWgsl + dropoutWgsl,
    dims: { Y: y.size, stream, threshold: threshold(rate), scale: 1 / (1 - rate) },
    workgroups: Math.ceil(y.size / 256),
  }],
  backward: ({ random }, { dy }, attributes): { x: Tensor } => ({ x: op({ x: dy!, random }, attributes).y }),
  reference({ x, random }, { y }, { rate, stream }) {
    const u = drawValues(drawUniform, random, stream, y.size);
    return { y: Float64Array.from(x, (v: number, i) => v * (u[i] * 2 ** 24 >= threshold(rate) ? 1 / (1 - rate) : 0)) };
  },
  cpu({ x, random, y }, { rate, stream }) {
    const words = new Uint32Array(4), least = threshold(rate), scale = 1 / (1 - rate);
    for (let i = 0; i < y.size; i++) {
      if (i % 4 === 0) randomWords(random.data, stream, i / 4, words);
      y.data[i] = x.data[i] * (words[i % 4] >>> 8 >= least ? scale : 0);
    }
  },
});
