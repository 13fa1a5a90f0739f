import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Launch, reshape, type Tensor } from "../../src/graph.ts";
import { reducing } from "../common/reducing.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import reduceWgsl from "./reduce.wgsl" with { type: "text" };
import sumsWgsl from "./sums.wgsl" with { type: "text" };

/**
 * Layer normalisation over the last axis (Ba et al. 2016). x (…, C), gamma (C), beta (C) → y (…, C).
 * BEiT's eps is 1e-6, BERT's 1e-12.
 *
 * ```ts
 * import { constant, interpret, layerNorm } from "../../mod.ts";
 * const [y] = interpret([layerNorm(constant("x", [1, 2], [1, 3]), constant("gamma", [2], [1, 1]), constant("beta", [2], [0, 5]), 0)]);
 * console.assert(y.join() === "-1,6");
 * ```
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, eps = 1e-6): Tensor {
  const rows = reshape(x, [-1, x.shape[x.shape.length - 1]]).as(x.name);
  return reshape(forward({ x: rows, gamma, beta }, { eps }).y, x.shape);
}

const forward = defineOp<{ x: Tensor; gamma: Tensor; beta: Tensor }, "y" | "mean" | "rstd", { eps: number }>({
  name: "layer_norm",
  f16: ["y"],
  cheap: true,
  outputs({ x, gamma, beta }) {
    const [R, C] = x.shape;
    for (const t of [gamma, beta]) {
      if (t.size !== C) {
        throw new ShapeError(
          `layerNorm: ${t.name} has ${t.size} values, the rows of ${x.name} (${x.shape.join(", ")}) have ${C}; they must agree`,
        );
      }
    }
    return { y: x.shape, mean: [R], rstd: [R] };
  },
  launches: ({ x: { shape: [R, C], bytes } }, { eps }, context) =>
    reducing({ label: "layer_norm/forward", wgsl: forwardWgsl, dims: { R, C, eps }, workgroups: R }, 2 * bytes, context),
  backward({ x, gamma, mean, rstd }, { dy }) {
    const { dx } = backward({ x, gamma, mean, rstd, dy: dy! }, {}), { dgamma, dbeta } = sums({ x, mean, rstd, dy: dy! }, {});
    return { x: dx, gamma: reshape(dgamma, gamma.shape), beta: reshape(dbeta, gamma.shape) };
  },
  reference({ x, gamma, beta }, { x: { shape: [R, C] } }, { eps }) {
    const y = new Float64Array(R * C), mean = new Float64Array(R), rstd = new Float64Array(R);
    for (let r = 0; r < R; r++) {
      const row = x.subarray(r * C, (r + 1) * C);
      const m = row.reduce((a: number, b: number) => a + b, 0) / C;
      const s = 1 / Math.sqrt(row.reduce((a: number, b: number) => a + (b - m) ** 2, 0) / C + eps);
      row.forEach((v: number, c: number) => y[r * C + c] = (v - m) * s * gamma[c] + beta[c]);
      mean[r] = m;
      rstd[r] = s;
    }
    return { y, mean, rstd };
  },
  cpu({ x: { shape: [R, C], ...x }, gamma, beta, y, mean, rstd }, { eps }, kernels) {
    const results = { y: y.pointer, mean: mean.pointer, rstd: rstd.pointer };
    kernels.layerNorm({ x: x.pointer, gamma: gamma.pointer, beta: beta.pointer, ...results, R, C, eps });
  },
});

const backward = defineOp<{ x: Tensor; gamma: Tensor; mean: Tensor; rstd: Tensor; dy: Tensor; residual?: Tensor }, "dx">({
  name: "layer_norm_backward",
  f16: ["dx"],
  adds: "residual",
  outputs: ({ x }) => ({ dx: x.shape }),
  launches({ x: { shape: [R, C], bytes }, residual }, _, context) {
    const bind = { residual: residual ? "residual" : "dy" }; // what is absent is never read, yet the binding needs a buffer
    const overrides = { RESIDUAL: Number(!!residual) };
    return reducing(
      { label: "layer_norm/backward", wgsl: backwardWgsl, dims: { R, C }, overrides, workgroups: R, bind },
      3 * bytes,
      context,
    );
  },
  backward: null,
  reference({ x, gamma, mean, rstd, dy, residual }, { x: { shape: [R, C] } }) {
    const dx = new Float64Array(R * C);
    for (let r = 0; r < R; r++) {
      const n = (i: number) => (x[i] - mean[r]) * rstd[r];
      let sumG = 0, sumGn = 0;
      for (let i = r * C, c = 0; c < C; i++, c++) {
        sumG += gamma[c] * dy[i];
        sumGn += gamma[c] * dy[i] * n(i);
      }
      for (let i = r * C, c = 0; c < C; i++, c++) {
        dx[i] = rstd[r] * (gamma[c] * dy[i] - sumG / C - n(i) * sumGn / C) + (residual ? residual[i] : 0);
      }
    }
    return { dx };
  },
  cpu({ x: { shape: [R, C], ...x }, gamma, mean, rstd, dy, residual, dx }, _, kernels) {
    const given = { x: x.pointer, gamma: gamma.pointer, mean: mean.pointer, rstd: rstd.pointer, dy: dy.pointer };
    kernels.layerNormBackward({ ...given, dx: dx.pointer, R, C });
    if (residual) kernels.elementwise({ operation: "sum", a: dx.pointer, b: residual.pointer, y: dx.pointer, C: R * C });
  },
});

/** Enough chunks of rows for some 16,384 threads, none shorter than 32 rows. */
const chunksOf = (R: number, C: number) => Math.max(1, Math.min(Math.floor(R / 32), Math.ceil(16384 / C)));

const sums = defineOp<{ x: Tensor; mean: Tensor; rstd: Tensor; dy: Tensor }, "dgamma" | "dbeta" | "partial">({
  name: "layer_norm_sums",
  outputs: ({ x: { shape: [R, C] } }) => ({ dgamma: [C], dbeta: [C], partial: [2, chunksOf(R, C), C] }),
  launches({ x: { shape: [R, C] } }): Launch[] {
    const chunks = chunksOf(R, C);
    return [
      { label: "layer_norm/sums", wgsl: flatIndex + sumsWgsl, dims: { R, C, chunks }, workgroups: Math.ceil(chunks * C / 64) },
      { label: "layer_norm/reduce", wgsl: flatIndex + reduceWgsl, dims: { C, chunks }, workgroups: Math.ceil(C / 64) },
    ];
  },
  backward: null,
  reference({ x, mean, rstd, dy }, { x: { shape: [R, C] }, partial }) {
    const dgamma = new Float64Array(C), dbeta = new Float64Array(C);
    for (let r = 0, i = 0; r < R; r++) {
      for (let c = 0; c < C; c++, i++) {
        dgamma[c] += (x[i] - mean[r]) * rstd[r] * dy[i];
        dbeta[c] += dy[i];
      }
    }
    return { dgamma, dbeta, partial: new Float64Array(partial.size) };
  },
  cpu({ x: { shape: [R, C], ...x }, mean, rstd, dy, dgamma, dbeta }, _, kernels) {
    kernels.columnSum({ x: dy.pointer, by: x.pointer, mean: mean.pointer, rstd: rstd.pointer, y: dgamma.pointer, R, C });
    kernels.columnSum({ x: dy.pointer, y: dbeta.pointer, R, C });
  },
});
