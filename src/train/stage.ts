// What a stage is to the runner: the trainings that it consists of, and for each what it builds on the device, how a batch becomes
// inputs, what it measures, and what it hands on.

import type { BatchData } from "../data/batch.ts";
import type { Batch, Loader, PlacedData } from "../data/loader.ts";
import type { LoaderState } from "../data/order.ts";
import type { Device } from "../devices/device.ts";
import { LimitError } from "../errors.ts";
import type { TrainingData } from "./data.ts";
import type { Recipe, StageName } from "./recipe.ts";
import type { Training, TrainingFacts } from "./recipe/training.ts";
import type { Run } from "./run.ts";
import type { SavedCheckpoint } from "./run/checkpoint.ts";
import type { Update, Values } from "./update.ts";

/** One training of a stage. Most stages have one; fine-tuning has one for each arm, share of labels and seed. */
export interface Job {
  /** Unique within the run; the beginning of its checkpoints' names. */
  id: string;
  stage: StageName;
  /** Added to the recipe's seed. */
  seed: number;
  /** Where the weights begin and how many labels there are, of a fine-tuning. */
  arm?: "pretrained" | "scratch";
  labels?: number;
  /** What a Gaussian VAE minimises: the whole bound, the bound without its divergence, or pictures redrawn from the prior. */
  objective?: "elbo" | "no-kl" | "prior";
}

export interface StageContext<Of = Recipe, Data = TrainingData> {
  device: Device;
  recipe: Of;
  data: Data;
  run: Run;
  /** Workers that make batches. */
  workers: number;
  /** Says something to whoever follows the run. */
  note: (message: string) => void;
  /** Weights of other stages may be missing and are then random: it is only looked at how large things are. */
  dry?: boolean;
}

/** What held-out pictures said. */
export interface Measured {
  values: Record<string, number>;
  /** Larger is better: tells the best checkpoint. */
  score: number;
  /** Further files of the checkpoint: name → text. */
  files?: Record<string, string>;
}

/** The part of a task that learns. */
export interface Learning<Data extends PlacedData = BatchData> {
  training: Training;
  facts: TrainingFacts;
  update: Update;
  batches(state: LoaderState): Loader<Data>;
  /** Inputs of one micro-batch, the `part`-th of update `step`. */
  inputs(batch: Batch<Data>, at: { step: number; part: number }): Values;
  /** What follows the step, by name: at least lr. */
  schedule(step: number): { lr: number } & Record<string, number>;
}

/** A job on the device. */
export interface Task<Data extends PlacedData = BatchData> {
  model: SavedCheckpoint["model"];
  /** Metadata of the file of weights, for whoever opens it without the rest of the run. */
  metadata?: Record<string, string>;
  /** Absent where nothing is learned. */
  learning?: Learning<Data>;
  /** Looks at held-out pictures; waits for the device. */
  measure(): Promise<Measured>;
  destroy(): Promise<void>;
}

/** A task over data of any making: what the runner sees. */
export type AnyTask = Task<PlacedData>;

export interface Stage<Of = Recipe, Data = TrainingData, Made extends PlacedData = BatchData> {
  name: StageName;
  /** In their order. @throws RecipeError where the data has not what the stage needs. */
  jobs(recipe: Of, data: Data): Job[];
  /** Updates of each job. */
  facts(recipe: Of, data: Data, job: Job): TrainingFacts | undefined;
  /** Builds a job on the device. @throws RecipeError, LimitError, CheckpointError */
  build(context: StageContext<Of, Data>, job: Job): Promise<Task<Made>>;
}

/** Builds a job on the device. @throws LimitError that names the job and what of its recipe makes it smaller; else as `Stage.build` does. */
export async function buildTask<Of, Data, Made extends PlacedData>(
  stage: Stage<Of, Data, Made>,
  context: StageContext<Of, Data>,
  job: Job,
): Promise<Task<Made>> {
  try {
    return await stage.build(context, job);
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    const { stage: name } = job,
      ways = `--${name}.accumulation 2 or more (the same batch in parts), or --${name}.recompute true where there is one`;
    throw new LimitError(`${job.id}: ${error.message}, ${ways}`, { cause: error });
  }
}

/** A fine-tuning for each seed, share of the labels and arm. */
export function tuningJobs({ arms, labels, seeds }: { arms: NonNullable<Job["arm"]>[]; labels: number[]; seeds: number[] }): Job[] {
  const id = (arm: string, share: number, seed: number) => `finetune-${arm}-${Number((100 * share).toPrecision(4))}pc-seed${seed}`;
  return seeds.flatMap((seed) =>
    labels.flatMap((share) => arms.map((arm): Job => ({ id: id(arm, share, seed), stage: "finetune", seed, arm, labels: share })))
  );
}
