import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import adamwWgsl from "./adamw.wgsl" with { type: "text" };

/** Values that share one row of the table. */
export const adamwRun = 64;

/** What a step of AdamW reads and updates. */
export interface AdamwInputs extends Record<string, Tensor> {
  /** Parameters, first and second moments: states (N), N a multiple of 64. */
  p: Tensor;
  m: Tensor;
  v: Tensor;
  /** Gradient (N). */
  g: Tensor;
  /** (N / 64, 2): for each run of 64 values the factors of learning rate and decay. */
  table: Tensor;
  /** (4): learning rate, weight decay, 1 - beta1^t and 1 - beta2^t for step t from 1. */
  scalars: Tensor;
  /** (1): factor of the gradient, such as the one that clips its norm; 0 leaves p, m and v as they are. */
  coefficient: Tensor;
}

/** Constants of AdamW: decay of the two moments, and what is added to the root of the second. */
export interface AdamwAttributes {
  beta1: number;
  beta2: number;
  eps: number;
}

/**
 * One step of AdamW (Loshchilov and Hutter 2019) over a pack of parameters, in place. The results are the updated p, m and v.
 *
 * ```ts
 * import { adamwStep, constant, interpret, state } from "../../mod.ts";
 * const of = (name: string) => state(name, [64]), g = constant("g", [64], new Float32Array(64).fill(2));
 * const scalars = constant("scalars", [4], [0.1, 0, 0.1, 0.001]), table = constant("table", [1, 2], [1, 1]); // the first step, all rates 1
 * const [p] = adamwStep(
 *   { p: of("p"), m: of("m"), v: of("v"), g, table, scalars, coefficient: constant("one", [1], [1]) },
 *   { beta1: 0.9, beta2: 0.999, eps: 1e-8 },
 * );
 * console.assert(Math.abs(interpret([p])[0][0] + 0.1) < 1e-6); // a step of the learning rate against the gradient's sign
 * ```
 */
export function adamwStep(inputs: AdamwInputs, attributes: AdamwAttributes): [p: Tensor, m: Tensor, v: Tensor] {
  const { next_p, next_m, next_v } = op(inputs, attributes);
  return [next_p, next_m, next_v];
}

const op = defineOp<AdamwInputs, "next_p" | "next_m" | "next_v", AdamwAttributes>({
  name: "adamw",
  outputs({ p, m, v, g, table, scalars, coefficient }) {
    const runs = p.size / adamwRun;
    if (!Number.isInteger(runs)) {
      throw new ShapeError(`adamw: ${p} does not hold a multiple of ${adamwRun} values; make it with parameters()`);
    }
    for (const [t, size] of [[m, p.size], [v, p.size], [g, p.size], [table, 2 * runs], [scalars, 4], [coefficient, 1]] as const) {
      if (t.size !== size) throw new ShapeError(`adamw: ${t} holds ${t.size} values, ${p} needs ${size} of them`);
    }
    return { next_p: p.shape, next_m: m.shape, next_v: v.shape };
  },
  updates: { next_p: "p", next_m: "m", next_v: "v" },
  launches: ({ p }, { beta1, beta2, eps }) => [{
    label: "adamw",
    wgsl: flatIndex + adamwWgsl,
    dims: { quads: p.size / 4, beta1, rest1: 1 - beta1, beta2, rest2: 1 - beta2, eps },
    workgroups: Math.ceil(p.size / 256),
  }],
  backward: null,
  reference({ p, m, v, g, table, scalars: [lr, decay, correction1, correction2], coefficient }, _, { beta1, beta2, eps }) {
    const next_p = Float64Array.from(p), next_m = Float64Array.from(m), next_v = Float64Array.from(v);
    if (coefficient[0] === 0) return { next_p, next_m, next_v };
    for (let i = 0; i < p.length; i++) {
      const run = Math.floor(i / adamwRun), rate = lr * table[2 * run], gradient = g[i] * coefficient[0];
      next_m[i] = beta1 * m[i] + (1 - beta1) * gradient;
      next_v[i] = beta2 * v[i] + (1 - beta2) * gradient ** 2;
      next_p[i] = p[i] * (1 - rate * decay * table[2 * run + 1]);
      next_p[i] -= rate / correction1 * next_m[i] / (Math.sqrt(next_v[i]) / Math.sqrt(correction2) + eps);
    }
    return { next_p, next_m, next_v };
  },
  cpu({ p, m, v, g, table, scalars, coefficient }, { beta1, beta2, eps }, kernels) {
    if (coefficient.data[0] === 0) return;
    const [lr, decay, correction1, correction2] = scalars.data;
    const packs = { p: p.pointer, m: m.pointer, v: v.pointer, g: g.pointer, table: table.pointer, length: p.size };
    kernels.adamw({ ...packs, lr, decay, beta1, beta2, eps, correction1, correction2, gradientScale: coefficient.data[0] });
  },
});
