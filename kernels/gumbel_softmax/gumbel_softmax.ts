import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import { around, axisOf } from "../axis.ts";
import gumbelWgsl from "../common/draw_gumbel.wgsl" with { type: "text" };
import exponentialWgsl from "../common/exponential.wgsl" with { type: "text" };
import philoxWgsl from "../common/philox.wgsl" with { type: "text" };
import { Random } from "../random/source.ts";
import { drawGumbel, randomWords } from "../random/words.ts";
import { columnLaunch, eachColumn } from "./columns.ts";
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import columnsWgsl from "./columns.wgsl" with { type: "text" };
import { gumbelSoftmaxBackwardCpu } from "./cpu.ts";
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import noiseDrawnWgsl from "./noise_drawn.wgsl" with { type: "text" };
import noiseGivenWgsl from "./noise_given.wgsl" with { type: "text" };
import { straightThrough } from "./straight_through.ts";

export interface GumbelSoftmaxOptions {
  /** The axis of the classes: 1 for (B, K, H, W), -1 for rows. */
  axis?: number;
  /** Whether the result is one-hot, with the gradient of the soft one (straight-through). */
  hard?: boolean;
}

/**
 * softmax((logits + g) / tau) over an axis, a relaxed draw of one class of each distribution (Jang et al. 2017, Maddison et al. 2017).
 *
 * `tau` (1) is the temperature, written before each run. g is a tensor of the logits' shape, or drawn from a random source: then it
 * is not stored. tau takes no gradient.
 *
 * ```ts
 * import { constant, gumbelSoftmax, interpret, randomSource } from "../../mod.ts";
 * const random = randomSource(), logits = constant("logits", [1, 3], [0, 100, 0]), tau = constant("tau", [1], [0.5]);
 * const [y] = interpret([gumbelSoftmax(logits, tau, random, { hard: true })], new Map([[random.state, [0, 0]]]));
 * console.assert(y.join() === "0,1,0");
 * ```
 */
export function gumbelSoftmax(
  logits: Tensor,
  tau: Tensor,
  noise: Tensor | Random,
  { axis = 1, hard = false }: GumbelSoftmaxOptions = {},
): Tensor {
  const at = axisOf("gumbelSoftmax", logits, axis);
  const y = noise instanceof Random
    ? forward({ logits, tau, random: noise.state }, { axis: at, stream: noise.next() }).y
    : forward({ logits, tau, noise }, { axis: at, stream: 0 }).y;
  return hard ? straightThrough(y, at) : y;
}

type Inputs = { logits: Tensor; tau: Tensor; noise?: Tensor; random?: Tensor };

const forward = defineOp<Inputs, "y", { axis: number; stream: number }>({
  name: "gumbel_softmax",
  outputs({ logits, tau, noise }) {
    if (tau.size !== 1) throw new ShapeError(`gumbelSoftmax: the temperature ${tau} holds ${tau.size} values; give a tensor of one`);
    if (noise && noise.shape.join() !== logits.shape.join()) {
      throw new ShapeError(`gumbelSoftmax: the noise ${noise} does not have the shape of ${logits}; they must agree`);
    }
    return { y: logits.shape };
  },
  launches({ logits, noise }, { axis, stream }) {
    const { dims, ...rest } = columnLaunch(logits.shape, axis);
    const chunks = noise ? noiseGivenWgsl : philoxWgsl + exponentialWgsl + gumbelWgsl + noiseDrawnWgsl;
    return [{ label: "gumbel_softmax/forward", wgsl: columnsWgsl + chunks + forwardWgsl, dims: { ...dims, stream }, ...rest }];
  },
  backward({ tau, noise, y }, { dy }, { axis }) {
    const { dx } = backward({ y, tau, dy: dy! }, { axis });
    return noise ? { logits: dx, noise: dx } : { logits: dx };
  },
  reference({ logits, tau, noise, random }, { logits: t }, { axis, stream }) {
    const y = new Float64Array(t.size);
    eachColumn(t.shape, axis, (column, number) => {
      const blocks = Math.ceil(column.length / 4);
      const drawn = random && new Float64Array(4 * blocks);
      for (let q = 0; drawn && q < blocks; q++) drawGumbel(randomWords(random, stream, number * blocks + q), drawn.subarray(4 * q));
      const z = column.map((i, k) => (logits[i] + (drawn ? drawn[k] : noise[i])) / tau[0]);
      const top = z.reduce((a, b) => Math.max(a, b)), e = z.map((v) => Math.exp(v - top)), sum = e.reduce((a, b) => a + b);
      column.forEach((i, k) => y[i] = e[k] / sum);
    });
    return { y };
  },
  cpu({ logits, tau, noise, random, y }, { axis, stream }, kernels) {
    const [B, K, S] = around(logits.shape, axis);
    const drawn = random && { seed: random.data[0], step: random.data[1], stream };
    kernels.columnSoftmax({ x: logits.pointer, y: y.pointer, B, K, S, scale: 1 / tau.data[0], noise: noise?.pointer ?? drawn });
  },
});

const backward = defineOp<{ y: Tensor; tau: Tensor; dy: Tensor }, "dx", { axis: number }>({
  name: "gumbel_softmax_backward",
  f16: ["dx"],
  outputs: ({ y }) => ({ dx: y.shape }),
  launches: ({ y }, { axis }) => [{
    label: "gumbel_softmax/backward",
    wgsl: columnsWgsl + backwardWgsl,
    ...columnLaunch(y.shape, axis),
  }],
  backward: null,
  reference({ y, tau, dy }, { y: t }, { axis }) {
    const dx = new Float64Array(t.size);
    eachColumn(t.shape, axis, (column) => {
      const sum = column.reduce((total, i) => total + y[i] * dy[i], 0);
      for (const i of column) dx[i] = y[i] * (dy[i] - sum) / tau[0];
    });
    return { dx };
  },
  cpu: (data, { axis }) => gumbelSoftmaxBackwardCpu(data, axis),
});
