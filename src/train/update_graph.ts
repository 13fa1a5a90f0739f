// One update of the weights as a graph: forward, backward, clipping, AdamW, averages, and sums of what is to be logged.

import { accumulate, multiply } from "../../kernels/mod.ts";
import { gradients } from "../gradients.ts";
import { constant, input, state, type Tensor } from "../graph.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import { type Adamw, adamw, type LossScale, newLossScale } from "../optim/adamw.ts";
import { accumulateGradients, packGradients } from "../optim/gradient_packs.ts";
import type { Training } from "./recipe/training.ts";
import type { Named } from "./states.ts";

/** What a micro-batch is judged by: the loss (1), and other values (1) to be logged; one that is named "loss" is logged in its place. */
export interface Judged {
  loss: Tensor;
  values?: Readonly<Record<string, Tensor>>;
  /** States that the model itself moves at every micro-batch, such as running statistics: part of its weights, but not learned. */
  running?: { states: Named; updates: readonly Tensor[] };
  /** Tensors from which backward computes the rest again, to save memory. */
  recompute?: readonly Tensor[];
}

/** The parameters that learn, with decay and rate of each. */
export interface Learners {
  params: Readonly<Record<string, Tensor>>;
  table?: Readonly<Record<string, Pick<ParamSpec, "decay" | "lrScale">>>;
}

/** Say whether the sums for the log go on or begin anew; the norm's, which is added once an update, has its own. */
export const keepSums = "log.keep", keepNorm = "log.keep_norm";

export interface UpdateGraph {
  optimizer: Adamw;
  /** By what the loss is multiplied in f16. */
  lossScale?: LossScale;
  /** Ends an update: on its only micro-batch, or its last one. */
  whole: { sums: Record<string, Tensor>; updates: Tensor[] };
  /** Takes in a micro-batch before the last. */
  partial: { sums: Record<string, Tensor>; updates: Tensor[] };
}

/** The graph; `makeState` makes its states, so that those of another shape of batches can be the same. */
export function updateGraph(
  { params, table }: Learners,
  { loss, values = {}, running, recompute }: Judged,
  { accumulation: parts, beta1, beta2, eps, clip, ema, precision }: Training,
  makeState: typeof state,
): UpdateGraph {
  const part = parts === 1 ? loss : multiply(loss, constant("1 / parts", [1], [1 / parts]));
  const lossScale = precision === "f16" ? newLossScale(makeState) : undefined, scaled = lossScale ? multiply(part, lossScale.scale) : part;
  const packs = packGradients(params, gradients(scaled, Object.values(params), undefined, recompute));
  const summed = parts === 1 ? { packs, updates: [] } : accumulateGradients(packs, makeState);
  const optimizer = adamw(params, summed.packs, {
    betas: [beta1, beta2],
    eps,
    clip: clip ?? undefined,
    table,
    lossScale,
    ema: ema !== null,
    makeState,
  });
  const keep = input(keepSums, [1]), perUpdate = input(keepNorm, [1]), { gradNorm, taken } = optimizer, moved = running?.updates ?? [];
  const sumOf = (name: string, t: Tensor, keep: Tensor) => accumulate(makeState(`sum of ${name}`, [1]), t, keep);
  const each = Object.fromEntries(Object.entries({ loss, ...values }).map(([name, t]) => [name, sumOf(name, t, keep)]));
  return {
    optimizer,
    lossScale,
    whole: {
      sums: { ...each, gradNorm: sumOf("gradNorm", gradNorm, perUpdate), ...taken && { taken: sumOf("taken", taken, perUpdate) } },
      updates: [...optimizer.updates, ...moved],
    },
    partial: { sums: each, updates: [...summed.updates, ...moved] },
  };
}
