// What a recipe comes to before it is run: sizes, updates, rates, bytes, and a guess of the time from a few updates.

import type { Device } from "../devices/device.ts";
import { LimitError } from "../errors.ts";
import { type AnyRecipe, checkPrecision, openAnyData } from "./modality.ts";
import type { Training } from "./recipe/training.ts";
import { planJobs } from "./session.ts";
import type { Run } from "./run.ts";
import { type AnyTask, buildTask, type Job } from "./stage.ts";

export interface JobFacts {
  job: Job;
  /** Values that are learned. */
  parameters: number;
  steps: number;
  batchSize: number;
  microBatch: number;
  lr: number;
  precision: Training["precision"];
  /** Planned on the device. */
  bytes: number;
  /** Seconds for all updates, without measurements; from three micro-batches, of which the first is left out. */
  seconds: number;
}

/** Longest time that is spent on measuring a job, in milliseconds; after it, what has been measured must do. */
const patience = 20_000;

/** Builds every job of a recipe that learns and runs a few updates of it, on weights that are thrown away; an error for one that does not fit. */
export async function* dryRun(recipe: AnyRecipe, device: Device): AsyncGenerator<JobFacts | LimitError> {
  checkPrecision(recipe, device);
  const data = await openAnyData(recipe);
  const run = { recipe, path: "dry run", finished: () => undefined } as unknown as Run;
  for (const { job, stage } of planJobs(recipe, data)) {
    let task: AnyTask;
    try {
      task = await buildTask(stage, { device, recipe, data, run, workers: 0, note: () => {}, dry: true }, job);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      yield error;
      continue;
    }
    try {
      if (!task.learning) continue;
      const { update, facts, training, schedule, inputs, batches } = task.learning, times: number[] = [];
      await using loader = batches({ seed: recipe.seed, epoch: 0, position: 0 });
      const begin = performance.now();
      for await (const batch of loader) {
        const { lr, ...rest } = schedule(0), from = performance.now();
        await update.trial({ ...rest, random: [0, 0], ...inputs(batch, { step: 0, part: 0 }) }, lr);
        await device.idle();
        times.push(performance.now() - from);
        if (times.length === 3 || performance.now() - begin > patience) break;
      }
      const measured = times.slice(times.length > 1 ? 1 : 0), perPart = measured.reduce((a, b) => a + b, 0) / measured.length;
      yield {
        job,
        parameters: Object.values(update.objective.params).reduce((sum, { size }) => sum + size, 0),
        steps: facts.steps,
        batchSize: training.batchSize,
        microBatch: facts.microBatch,
        lr: facts.lr,
        precision: training.precision,
        bytes: update.bytes,
        seconds: facts.steps * training.accumulation * perPart / 1000,
      };
    } finally {
      await task.destroy();
    }
  }
}
