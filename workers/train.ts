// Training for programs: started with a recipe, followed as an async iterator.

import type { RecipeOptions } from "../src/train/recipe.ts";
import type { SessionEvent, SessionState } from "../src/train/session.ts";
import type { Start } from "../src/train/follow.ts";

/** Events that wait for a reader; older ones are given up, `metrics.jsonl` has all. */
const kept = 1000;

/** A recipe for texts; its fields are checked when it starts. */
export type TextRecipeOptions = { preset: "bert-tiny" | "spanbert-tiny" | "sentiment" } & Record<string, unknown>;

/** Where a training runs: the folder of its run, its device and workers; or the run it goes on with. */
export type TrainOptions = Omit<Start, "recipe">;

/** A training under way, in a worker of its own, which ends with it. */
export interface Training extends AsyncIterable<SessionEvent>, AsyncDisposable {
  /** The run's folder: recipe, record, checkpoints, pictures, report. `loadModel` takes it. */
  readonly path: string;
  /** How it ended; rejects with what the training met where it failed. */
  readonly ended: Promise<SessionState>;
  /** Saves at the next edge of a step and frees the device's memory. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Saves at the next edge of a step and ends. */
  stop(): Promise<void>;
  /** Saves at the next edge of a step and goes on; gives the checkpoint's folder, if there was one to make. */
  checkpoint(): Promise<string | undefined>;
}

/**
 * Starts a training, or goes on with one (`resume`), in a worker. Iterate over it to follow it: jobs, lines of metrics, checkpoints, states;
 * the loop ends when the training does and throws what it failed of. Leaving the loop early does not stop it.
 *
 * @throws RecipeError for a recipe or a run that cannot be used, with every fault by name.
 *
 * ```ts
 * const training = await train({
 *   stage: "pretrain",
 *   data: { train: { kind: "mosaics", size: 32, length: 64 }, heldOut: null, measured: 8 },
 *   encoder: { imageSize: 32, patchSize: 8, dim: 16, depth: 2, heads: 2 },
 *   pretrain: { target: "pixels", steps: 4, batchSize: 4, minBlock: 1 },
 *   logEvery: 2,
 * }, { folder: await Deno.makeTempDir(), device: { device: "cpu", threads: 1 }, workers: 0 });
 * const losses: number[] = [];
 * for await (const event of training) {
 *   if (event.type === "metrics" && event.line.train) losses.push(event.line.train.loss);
 * }
 * console.assert(await training.ended === "done" && losses.length > 0 && losses.every(Number.isFinite));
 * ```
 */
export async function train(recipe: RecipeOptions | TextRecipeOptions = {}, options: TrainOptions = {}): Promise<Training> {
  const file = "./training.ts"; // not in the call: Deno would read all behind it when this module is imported
  const { startTraining } = await import(file) as typeof import("./training.ts");
  const waiting: SessionEvent[] = [];
  let wake = () => {};
  const remote = await startTraining({ ...options, recipe }, (event) => {
    waiting.push(event);
    if (waiting.length > kept) waiting.shift();
    wake();
  });
  let over = false;
  const ended = remote.ended.then(async ({ state, error }) => {
    await new Promise((resolve) => setTimeout(resolve)); // the last events may be on their way
    over = true;
    await remote[Symbol.asyncDispose]();
    wake();
    if (error) throw error;
    return state;
  });
  ended.catch(() => {}); // the reader of the events meets it
  return {
    path: remote.path,
    ended,
    // A worker that has ended would never answer.
    pause: async () => over ? undefined : await remote.pause(),
    resume: async () => over ? undefined : await remote.resume(),
    stop: async () => over ? undefined : await remote.stop(),
    checkpoint: async () => over ? undefined : await remote.checkpoint(),
    async *[Symbol.asyncIterator]() {
      while (true) {
        while (waiting.length) yield waiting.shift()!;
        if (over) break;
        await new Promise<void>((resolve) => wake = resolve);
      }
      await ended;
    },
    async [Symbol.asyncDispose]() {
      over = true;
      await remote[Symbol.asyncDispose]();
      wake();
    },
  };
}
