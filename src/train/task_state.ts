// A task out to a checkpoint and back in.

import type { TensorInputs } from "../checkpoint/mod.ts";
import { CheckpointError } from "../errors.ts";
import type { LoopState } from "./loop.ts";
import type { Run } from "./run.ts";
import { type CheckpointFacts, type CheckpointFileSystem, openTrained, saveCheckpoint, type SavedCheckpoint } from "./run/checkpoint.ts";
import type { AnyTask, Job, Measured } from "./stage.ts";
import { readStates, writeStates } from "./states.ts";

export interface Saving {
  run: Run;
  task: AnyTask;
  job: Job;
  state: LoopState;
  /** Updates of the jobs before this one. */
  offset: number;
  metricsBytes: number;
  finished: boolean;
  measured?: Measured;
  fs?: CheckpointFileSystem;
}

/** Saves where a task stands. Waits for the device. @throws CheckpointError */
export async function saveTask({ run, task, job, state, offset, metricsBytes, finished, measured, fs }: Saving): Promise<SavedCheckpoint> {
  const update = task.learning?.update;
  const facts: CheckpointFacts = {
    format: 1,
    stage: job.stage,
    job: job.id,
    jobStep: state.step,
    step: offset + state.step,
    finished,
    recipe: run.recipe,
    model: task.model,
    loader: state.loader,
    skipped: state.skipped,
    random: { seed: run.recipe.seed + job.seed, step: state.step },
    summed: update?.summed ?? 0,
    metricsBytes,
    ...measured && { score: measured.score },
    time: Date.now(),
  };
  const read = async (named: Parameters<typeof readStates>[1]): Promise<TensorInputs> =>
    update ? await readStates(update.program, named) : {};
  const tensors = { model: await read(update?.weights ?? {}), trainer: await read(update?.trainerStates ?? {}), files: measured?.files };
  return await saveCheckpoint(run.checkpointFolder, facts, { ...tensors, metadata: task.metadata }, fs);
}

/** Sets a task to where a checkpoint of it stood. @throws CheckpointError where the checkpoint is of another model. */
export async function restoreTask({ learning }: AnyTask, checkpoint: SavedCheckpoint): Promise<LoopState> {
  const { jobStep, loader, skipped, path, summed } = checkpoint;
  if (!loader) throw new CheckpointError(`${path}: does not say where the data goes on; start the stage anew`);
  if (learning) {
    const { update } = learning, { model, trainer } = await openTrained(checkpoint);
    try {
      await writeStates(update.program, update.weights, (name) => model.readFloat32(name));
      await writeStates(update.program, update.trainerStates, (name) => trainer.readFloat32(name));
    } finally {
      await model.close();
      await trainer.close();
    }
    update.resumeSums(summed);
  }
  return { step: jobStep, loader, skipped };
}
