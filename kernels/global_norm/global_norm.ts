import { defineOp, type Tensor } from "../../src/graph.ts";
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import finishWgsl from "./finish.wgsl" with { type: "text" };
import squareSumWgsl from "./square_sum.wgsl" with { type: "text" };

/**
 * The L2 norm (1) over all values of all tensors, and the factor (1) that brings it to at most `clip`, as torch's clip_grad_norm_:
 * min(1, clip / (norm + 1e-6)). Without `clip` the factor is 1. A launch a tensor and one more.
 *
 * ```ts
 * import { constant, globalNorm, interpret } from "../../mod.ts";
 * const [y] = interpret([globalNorm([constant("a", [1], [3]), constant("b", [1], [4])]).norm]);
 * console.assert(y.join() === "5");
 * ```
 */
export function globalNorm(tensors: readonly Tensor[], clip = 0): { norm: Tensor; coefficient: Tensor } {
  const { norm, coefficient } = op(Object.fromEntries(tensors.map((t, i) => [`t${i}`, t])), { clip });
  return { norm, coefficient };
}

/** Enough workgroups to keep a large device busy, each with at least 16 runs of 64 values. */
const workgroupsOf = (t: Tensor) => Math.min(1024, Math.ceil(t.size / 1024));

const op = defineOp<Record<string, Tensor>, "partial_sums" | "norm" | "coefficient", { clip: number }>({
  name: "global_norm",
  outputs: (inputs) => ({
    partial_sums: [Object.values(inputs).reduce((sum, t) => sum + workgroupsOf(t), 0)],
    norm: [1],
    coefficient: [1],
  }),
  launches({ partial_sums, norm: _, coefficient: __, ...inputs }, { clip }) {
    let offset = 0;
    const sums = Object.entries(inputs).map(([x, t]) => {
      const workgroups = workgroupsOf(t), dims = { N: t.size, workgroups, offset };
      offset += workgroups;
      return { label: "global_norm/square_sum", wgsl: workgroupSum + squareSumWgsl, dims, workgroups, bind: { x } };
    });
    return [...sums, { label: "global_norm/finish", wgsl: workgroupSum + finishWgsl, dims: { P: partial_sums.size, clip }, workgroups: 1 }];
  },
  backward: null,
  reference(data, { partial_sums }, { clip }) {
    let sum = 0;
    for (const values of Object.values(data) as Float64Array[]) for (const v of values) sum += v * v;
    const norm = Math.sqrt(sum), coefficient = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
    return { partial_sums: new Float64Array(partial_sums.size), norm: Float64Array.of(norm), coefficient: Float64Array.of(coefficient) };
  },
  cpu(data, { clip }, kernels) {
    const { partial_sums: _, norm, coefficient, ...given } = data;
    const total = Math.sqrt(Object.values(given).reduce((sum, t) => sum + kernels.squareSum(t.pointer, t.size), 0));
    norm.data[0] = total;
    coefficient.data[0] = clip > 0 ? Math.min(1, clip / (total + 1e-6)) : 1;
  },
});
