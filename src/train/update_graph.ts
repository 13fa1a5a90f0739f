// One update of the weights as a graph: forward, backward, clipping, AdamW, averages, and sums of what is to be logged.

import { accumulate, multiply } from "../../kernels/mod.ts";
import { gradients } from "../gradients.ts";
import { constant, input, state, type Tensor } from "../graph.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import { type Adamw, adamw } from "../optim/adamw.ts";
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
  /** Ends an update: on its only micro-batch, or its last one. */
  whole: { sums: Record<string, Tensor>; updates: Tensor[] };
  /** Takes in a micro-batch before the last. */
  partial: { sums: Record<string, Tensor>; updates: Tensor[] };
}

/** The graph; `makeState` makes its states, so that those of another shape of batches can be the same. */
export function updateGraph(
  { params, table }: Learners,
  { loss, values = {}, running, recompute }: Judged,
  { accumulation: parts, beta1, beta2, eps, clip, ema }: Training,
  makeState: typeof state,
): UpdateGraph {
  const scaled = parts === 1 ? loss : multiply(loss, constant("1 / parts", [1], [1 / parts]));
  const packs = packGradients(params, gradients(scaled, Object.values(params), undefined, recompute));
  const summed = parts === 1 ? { packs, updates: [] } : accumulateGradients(packs, makeState);
  const optimizer = adamw(params, summed.packs, {
    betas: [beta1, beta2],
    eps,
    clip: clip ?? undefined,
    table,
    ema: ema !== null,
    makeState,
  });
  const keep = input(keepSums, [1]), moved = running?.updates ?? [];
  const sumOf = (name: string, t: Tensor, keep: Tensor) => accumulate(makeState(`sum of ${name}`, [1]), t, keep);
  const each = Object.fromEntries(Object.entries({ loss, ...values }).map(([name, t]) => [name, sumOf(name, t, keep)]));
  return {
    optimizer,
    whole: {
      sums: { ...each, gradNorm: sumOf("gradNorm", optimizer.gradNorm, input(keepNorm, [1])) },
      updates: [...optimizer.updates, ...moved],
    },
    partial: { sums: each, updates: [...summed.updates, ...moved] },
  };
}
