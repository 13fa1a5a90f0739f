import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Launch, type Tensor } from "../../src/graph.ts";
import workgroupMax from "../common/workgroup_max.wgsl" with { type: "text" };
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import workgroupSum4 from "../common/workgroup_sum4.wgsl" with { type: "text" };
import { backwardCpu, forwardCpu } from "./cpu.ts";
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import labelsWgsl from "./labels.wgsl" with { type: "text" };
import noWeightsWgsl from "./no_weights.wgsl" with { type: "text" };
import reduceWgsl from "./reduce.wgsl" with { type: "text" };
import softLabelsWgsl from "./soft_labels.wgsl" with { type: "text" };
import weightsWgsl from "./weights.wgsl" with { type: "text" };

/** How the losses of the rows become one. */
export interface CrossEntropyOptions {
  /** Weight of each row, f32 (R). A row of weight 0 costs no work and passes no gradient, whatever its label and logits are. */
  weights?: Tensor;
  /** Share of the target that is spread evenly over the vocabulary; 0 if absent. */
  smoothing?: number;
  /** "mean" (over the weights; 0 if they add up to 0), if absent, or "sum". */
  reduction?: "mean" | "sum";
}

/**
 * Cross-entropy of softmax(logits) against labels, as one value. logits (R, V); labels u32 (R), or f32 (R, V) for soft labels.
 *
 * A label of V or more makes the loss NaN unless its row has weight 0. Labels and weights take no gradient.
 *
 * ```ts
 * import { constant, crossEntropy, exp, interpret } from "../../mod.ts";
 * const [y] = interpret([exp(crossEntropy(constant("logits", [1, 2], [0, 0]), constant("labels", [1], [1], "u32")))]);
 * console.assert(y.join() === "2");
 * ```
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  return crossEntropyAndAccuracy(logits, labels, options).loss;
}

/**
 * `crossEntropy` with the weighted share of rows whose largest logit is the label's (0 for soft labels), both of shape (1).
 *
 * ```ts
 * import { constant, crossEntropyAndAccuracy, interpret } from "../../mod.ts";
 * const [y] = interpret([crossEntropyAndAccuracy(constant("logits", [2, 2], [3, 0, 1, 0]), constant("labels", [2], [0, 1], "u32")).accuracy]);
 * console.assert(y.join() === "0.5");
 * ```
 */
export function crossEntropyAndAccuracy(
  logits: Tensor,
  labels: Tensor,
  { weights, smoothing = 0, reduction = "mean" }: CrossEntropyOptions = {},
): { loss: Tensor; accuracy: Tensor } {
  const { loss, accuracy } = forward({ logits, labels, weights }, { smoothing, mean: reduction === "mean" });
  return { loss, accuracy };
}

type Inputs = { logits: Tensor; labels: Tensor; weights?: Tensor };
type Attributes = { smoothing: number; mean: boolean };

const labelsChunk = ({ labels, weights }: { labels: Tensor; weights?: Tensor }) =>
  (labels.dtype === "u32" ? labelsWgsl : softLabelsWgsl) + weightsChunk(weights);
const weightsChunk = (weights?: Tensor) => weights ? weightsWgsl : noWeightsWgsl;

const forward = defineOp<Inputs, "loss" | "accuracy" | "losses" | "lse" | "mass" | "correct" | "divisor", Attributes>({
  name: "cross_entropy",
  outputs({ logits, labels, weights }, { smoothing }) {
    const [R, V] = logits.shape;
    if (logits.shape.length !== 2) throw new ShapeError(`crossEntropy: ${logits} is not (R, V); reshape it`);
    if (labels.dtype === "u32" ? labels.size !== R : labels.dtype !== "f32" || labels.shape.join() !== logits.shape.join()) {
      throw new ShapeError(`crossEntropy: ${labels} does not label ${logits}; labels are u32 (${R}) or f32 (${R}, ${V})`);
    }
    if (weights && (weights.size !== R || weights.dtype !== "f32")) {
      throw new ShapeError(`crossEntropy: ${weights} does not weigh the ${R} rows of ${logits}; weights are f32 (${R})`);
    }
    if (!(smoothing >= 0 && smoothing < 1)) throw new ShapeError(`crossEntropy: smoothing is ${smoothing}; it must be in 0 <= s < 1`);
    return { loss: [1], accuracy: [1], losses: [R], lse: [R], mass: [R], correct: [R], divisor: [1] };
  },
  launches({ logits: { shape: [R, V] }, labels, weights }, { smoothing, mean }): Launch[] {
    const sums = workgroupSum + workgroupMax + workgroupSum4;
    return [
      {
        label: "cross_entropy/forward",
        wgsl: sums + labelsChunk({ labels, weights }) + forwardWgsl,
        dims: { R, V, smoothing, nan: NaN },
        workgroups: R,
      },
      {
        label: "cross_entropy/reduce",
        wgsl: workgroupSum + workgroupSum4 + weightsChunk(weights) + reduceWgsl,
        dims: { R, mean: Number(mean) },
        workgroups: 1,
      },
    ];
  },
  backward({ logits, labels, weights, lse, mass, divisor }, { dloss }, { smoothing }) {
    // Accuracy is piecewise constant: whatever comes from there adds nothing.
    return dloss ? { logits: backward({ logits, labels, weights, lse, mass, divisor, dloss }, { smoothing }).dlogits } : {};
  },
  reference({ logits, labels, weights }, { logits: { shape: [R, V] }, labels: { dtype } }, { smoothing, mean }) {
    const losses = new Float64Array(R), lse = new Float64Array(R), mass = new Float64Array(R), correct = new Float64Array(R);
    let loss = 0, hits = 0, total = 0;
    for (let r = 0; r < R; r++) {
      const w = weights?.[r] ?? 1;
      if (w === 0) continue;
      const row = Array.from<number>(logits.subarray(r * V, (r + 1) * V)), m = row.reduce((a, b) => Math.max(a, b));
      const target = targetOf(labels, dtype === "u32", r, V, smoothing);
      lse[r] = m + Math.log(row.reduce((sum, x) => sum + Math.exp(x - m), 0));
      target.forEach((t, v) => {
        if (t !== 0) losses[r] += t * (lse[r] - row[v]);
        mass[r] += t;
      });
      correct[r] = Number(dtype === "u32" && row.indexOf(m) === labels[r]);
      loss += w * losses[r];
      hits += w * correct[r];
      total += w;
    }
    const divisor = mean ? Math.max(total, 1e-20) : 1;
    const one = (v: number) => Float64Array.of(v);
    return { loss: one(loss / divisor), accuracy: one(hits / Math.max(total, 1e-20)), losses, lse, mass, correct, divisor: one(divisor) };
  },
  cpu: forwardCpu,
});

type Saved = Inputs & { lse: Tensor; mass: Tensor; divisor: Tensor; dloss: Tensor };

const backward = defineOp<Saved, "dlogits", { smoothing: number }>({
  name: "cross_entropy_backward",
  f16: ["dlogits"],
  outputs: ({ logits }) => ({ dlogits: logits.shape }),
  launches: ({ logits: { shape: [R, V] }, labels, weights }, { smoothing }) => [{
    label: "cross_entropy/backward",
    wgsl: workgroupSum + labelsChunk({ labels, weights }) + backwardWgsl,
    dims: { R, V, smoothing, nan: NaN },
    workgroups: R,
  }],
  backward: null,
  reference({ logits, labels, weights, lse, mass, divisor, dloss }, { logits: { shape: [R, V] }, labels: { dtype } }, { smoothing }) {
    const dlogits = new Float64Array(R * V);
    for (let r = 0; r < R; r++) {
      const w = weights?.[r] ?? 1;
      if (w === 0) continue;
      targetOf(labels, dtype === "u32", r, V, smoothing).forEach((t, v) => {
        const i = r * V + v;
        dlogits[i] = dloss[0] * w / divisor[0] * (mass[r] * Math.exp(logits[i] - lse[r]) - t);
      });
    }
    return { dlogits };
  },
  cpu: backwardCpu,
});

/** The smoothed target of row r, for the references; NaN throughout for a label outside the vocabulary. */
function targetOf(labels: ArrayLike<number>, whole: boolean, r: number, V: number, smoothing: number): Float64Array {
  const given = (v: number) => !whole ? labels[r * V + v] : labels[r] >= V ? NaN : Number(labels[r] === v);
  return Float64Array.from({ length: V }, (_, v) => (1 - smoothing) * given(v) + smoothing / V);
}
