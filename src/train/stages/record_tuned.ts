import { type Evaluation, readEvaluation, recordEvaluation } from "../report/inputs.ts";
import type { Run } from "../run.ts";
import type { Job } from "../stage.ts";

type Result = NonNullable<Evaluation["finetune"]>[number];

/** Adds what a fine-tuning came to to the run's results, in place of what it came to before. */
export function recordTuned(run: Run, { arm, labels, seed }: Job, result: Omit<Result, "arm" | "labels" | "seed">): void {
  const others = (readEvaluation(run.path).finetune ?? []).filter((one) => one.arm !== arm || one.labels !== labels || one.seed !== seed);
  recordEvaluation(run.path, { finetune: [...others, { arm: arm!, labels: labels!, seed, ...result }] });
}
