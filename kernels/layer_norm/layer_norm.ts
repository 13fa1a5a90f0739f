import { ShapeError } from "../../src/errors.ts";
import { defineOp, reshape, type Tensor } from "../../src/graph.ts";
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import { sum } from "../sum/sum.ts";
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };

/**
 * Layer normalisation over the last axis (Ba et al. 2016). x (…, C), gamma (C), beta (C) → y (…, C).
 * BEiT's eps is 1e-6, BERT's 1e-12.
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, eps = 1e-6): Tensor {
  const rows = reshape(x, [-1, x.shape[x.shape.length - 1]]).as(x.name);
  return reshape(forward({ x: rows, gamma, beta }, { eps }).y, x.shape);
}

const forward = defineOp<{ x: Tensor; gamma: Tensor; beta: Tensor }, "y" | "mean" | "rstd", { eps: number }>({
  name: "layer_norm",
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
  launches: (
    { x: { shape: [R, C] } },
    { eps },
  ) => [{ label: "layer_norm/forward", wgsl: workgroupSum + forwardWgsl, dims: { R, C, eps }, workgroups: R }],
  backward({ x, gamma, mean, rstd }, { dy }) {
    const { dx, ndy } = backward({ x, gamma, mean, rstd, dy: dy! }, {});
    return { x: dx, gamma: sum(ndy, [0]), beta: sum(dy!, [0]) };
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

const backward = defineOp<{ x: Tensor; gamma: Tensor; mean: Tensor; rstd: Tensor; dy: Tensor }, "dx" | "ndy">({
  name: "layer_norm_backward",
  outputs: ({ x }) => ({ dx: x.shape, ndy: x.shape }),
  launches: (
    { x: { shape: [R, C] } },
  ) => [{ label: "layer_norm/backward", wgsl: workgroupSum + backwardWgsl, dims: { R, C }, workgroups: R }],
  backward: null,
  reference({ x, gamma, mean, rstd, dy }, { x: { shape: [R, C] } }) {
    const dx = new Float64Array(R * C), ndy = new Float64Array(R * C);
    for (let r = 0; r < R; r++) {
      let sumG = 0, sumGn = 0;
      for (let i = r * C, c = 0; c < C; i++, c++) {
        ndy[i] = (x[i] - mean[r]) * rstd[r] * dy[i];
        sumG += gamma[c] * dy[i];
        sumGn += gamma[c] * ndy[i];
      }
      for (let i = r * C, c = 0; c < C; i++, c++) dx[i] = rstd[r] * (gamma[c] * dy[i] - sumG / C - (x[i] - mean[r]) * rstd[r] * sumGn / C);
    }
    return { dx, ndy };
  },
  cpu({ x: { shape: [R, C], ...x }, gamma, mean, rstd, dy, dx, ndy }, _, kernels) {
    const given = { x: x.pointer, gamma: gamma.pointer, mean: mean.pointer, rstd: rstd.pointer, dy: dy.pointer };
    kernels.layerNormBackward({ ...given, dx: dx.pointer, R, C });
    for (let r = 0, i = 0; r < R; r++) {
      for (const end = i + C; i < end; i++) ndy.data[i] = (x.data[i] - mean.data[r]) * rstd.data[r] * dy.data[i];
    }
  },
});
