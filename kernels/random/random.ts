// Tensors of random numbers; `words.ts` has the rule.

import { defineOp, type Shape, type Tensor } from "../../src/graph.ts";
import exponentialWgsl from "../common/exponential.wgsl" with { type: "text" };
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import philoxWgsl from "../common/philox.wgsl" with { type: "text" };
import gumbelWgsl from "../common/draw_gumbel.wgsl" with { type: "text" };
import normalWgsl from "../common/draw_normal.wgsl" with { type: "text" };
import uniformWgsl from "../common/draw_uniform.wgsl" with { type: "text" };
import drawWgsl from "./draw.wgsl" with { type: "text" };
import type { Random } from "./source.ts";
import { type Draw, drawGumbel, drawNormal, drawUniform, drawValues } from "./words.ts";

/**
 * Numbers of the uniform distribution over [0, 1).
 *
 * ```ts
 * import { interpret, randomSource, uniform } from "../../mod.ts";
 * const random = randomSource(), [y] = interpret([uniform([100], random)], new Map([[random.state, [7, 0]]])); // seed 7, step 0
 * console.assert(y.every((value) => value >= 0 && value < 1));
 * ```
 */
export function uniform(shape: Shape, random: Random): Tensor {
  return uniformOp({ random: random.state }, { shape, stream: random.next() }).y;
}

/**
 * Numbers of the standard normal distribution.
 *
 * ```ts
 * import { interpret, normal, randomSource } from "../../mod.ts";
 * const random = randomSource(), [y] = interpret([normal([100], random)], new Map([[random.state, [7, 0]]]));
 * console.assert(y.some((value) => value < 0) && y.every((value) => Math.abs(value) < 6));
 * ```
 */
export function normal(shape: Shape, random: Random): Tensor {
  return normalOp({ random: random.state }, { shape, stream: random.next() }).y;
}

/**
 * Numbers of the standard Gumbel distribution, -ln(-ln U).
 *
 * ```ts
 * import { gumbel, interpret, randomSource } from "../../mod.ts";
 * const random = randomSource(), [y] = interpret([gumbel([100], random)], new Map([[random.state, [7, 0]]]));
 * console.assert(y.every(Number.isFinite));
 * ```
 */
export function gumbel(shape: Shape, random: Random): Tensor {
  return gumbelOp({ random: random.state }, { shape, stream: random.next() }).y;
}

function distribution(name: string, wgsl: string, draw: Draw) {
  return defineOp<{ random: Tensor }, "y", { shape: Shape; stream: number }>({
    name,
    outputs: (_, { shape }) => ({ y: shape }),
    launches: ({ y }, { stream }) => [{
      label: name,
      wgsl: flatIndex + philoxWgsl + wgsl + drawWgsl,
      dims: { Y: y.size, stream },
      workgroups: Math.ceil(y.size / 256),
    }],
    backward: null,
    reference: ({ random }, { y }, { stream }) => ({ y: drawValues(draw, random, stream, y.size) }),
    cpu: ({ random, y }, { stream }) => void drawValues(draw, random.data, stream, y.size, y.data),
  });
}

const uniformOp = distribution("uniform", uniformWgsl, drawUniform);
const normalOp = distribution("normal", exponentialWgsl + normalWgsl, drawNormal);
const gumbelOp = distribution("gumbel", exponentialWgsl + gumbelWgsl, drawGumbel);
