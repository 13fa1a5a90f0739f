// A training under way: it can be followed, paused, resumed and stopped, from a command line, a server or a program.

import { type Device, openDevice, type OpenOptions } from "../devices/mod.ts";
import { DeviceLostError, RecipeError, ZelligeError } from "../errors.ts";
import { loop, type LoopState } from "./loop.ts";
import { type AnyData, type AnyRecipe, type AnyStage, checkPrecision, openAnyData, stagesFor } from "./modality.ts";
import { stageNames, stagesOf } from "./recipe.ts";
import { writeReport } from "./report/mod.ts";
import type { Run } from "./run.ts";
import { type CheckpointFileSystem, pruneCheckpoints, type SavedCheckpoint } from "./run/checkpoint.ts";
import { type MetricLine, Metrics } from "./run/metrics.ts";
import { type AnyTask, buildTask, type Job, type Measured } from "./stage.ts";
import { restoreTask, saveTask } from "./task_state.ts";
import { writeFileSync } from "node:fs";

/** Where a training stands; "stopped", "done" and "failed" are final. */
export type SessionState = "starting" | "running" | "pausing" | "paused" | "stopping" | "stopped" | "done" | "failed";

/** What a session tells. Plain data. */
export type SessionEvent =
  | { type: "state"; state: SessionState; error?: string }
  /** `index` of `count` jobs begins at `step` of `steps` updates; `bytes` on the device. */
  | { type: "job"; job: Job; index: number; count: number; step: number; steps: number; bytes: number }
  | { type: "metrics"; line: MetricLine }
  | { type: "checkpoint"; path: string; step: number; job: string; finished: boolean }
  | { type: "note"; message: string };

export interface SessionOptions {
  run: Run;
  /** An open device, which stays open; or how to open one. */
  device?: Device | OpenOptions;
  /** Workers that make batches; 2 if absent, 0 makes them on this thread. */
  workers?: number;
  /** In place of the project's own; for tests. */
  stages?: Record<string, AnyStage>;
  fs?: CheckpointFileSystem;
}

/** Times that a job may lose its device before the session gives up. */
const tries = 3;

export class Session implements AsyncIterable<SessionEvent> {
  /** Settles when the session has ended, with its last state; never rejects: why it failed is in `error`. */
  readonly done: Promise<SessionState>;
  /** Why it failed. */
  error?: Error;
  readonly #options: Required<Pick<SessionOptions, "run" | "workers" | "stages">> & SessionOptions;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  #state: SessionState = "starting";
  #wish: "pause" | "stop" | undefined;
  #saveNow: ((saved: Promise<SavedCheckpoint | undefined>) => void)[] = [];
  #woken: () => void = () => {};

  /** Begins, or goes on with, a run. Events come after this turn of the event loop, so a listener added at once misses none. */
  constructor(options: SessionOptions) {
    this.#options = { ...options, workers: options.workers ?? 2, stages: options.stages ?? stagesFor(options.run.recipe) };
    this.done = Promise.resolve().then(() => this.#main());
  }

  get state(): SessionState {
    return this.#state;
  }

  get run(): Run {
    return this.#options.run;
  }

  /** Calls `listener` with every event from now on; gives what takes it off again. */
  listen(listener: (event: SessionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Saves at the next edge of a step and frees the device's memory. */
  pause(): void {
    if (this.#state !== "running" && this.#state !== "starting") return;
    this.#wish = "pause";
    this.#set("pausing");
  }

  /** Goes on after a pause. */
  resume(): void {
    if (this.#state !== "paused" && this.#state !== "pausing") return;
    this.#wish = undefined;
    this.#set("running");
    this.#woken();
  }

  /** Saves at the next edge of a step and ends. */
  stop(): void {
    if (this.#hasEnded) return;
    this.#wish = "stop";
    this.#set("stopping");
    this.#woken();
  }

  /** Saves at the next edge of a step and goes on; gives the checkpoint's folder, or nothing where there was none to make. */
  async checkpoint(): Promise<string | undefined> {
    if (this.#state !== "running" && this.#state !== "starting") return undefined;
    return (await new Promise<SavedCheckpoint | undefined>((resolve) => this.#saveNow.push(resolve)))?.path;
  }

  /** Events until the session ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SessionEvent, void, void> {
    const waiting: SessionEvent[] = [];
    let wake = () => {};
    const off = this.listen((event) => (waiting.push(event), wake()));
    const ended = this.done.then(() => wake());
    try {
      while (true) {
        while (waiting.length) yield waiting.shift()!;
        if (this.#hasEnded) return;
        await Promise.race([new Promise<void>((resolve) => wake = resolve), ended]);
      }
    } finally {
      off();
    }
  }

  get #hasEnded(): boolean {
    return ["stopped", "done", "failed"].includes(this.#state);
  }

  #emit(event: SessionEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #set(state: SessionState, error?: string): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#emit({ type: "state", state, ...error !== undefined && { error } });
  }

  async #main(): Promise<SessionState> {
    const { run, device } = this.#options;
    let opened: Device | undefined, metrics: Metrics | undefined;
    const rest = run.keepFresh();
    try {
      metrics = new Metrics(run.metricsPath);
      metrics.rewind(run.checkpoints().at(-1)?.metricsBytes ?? 0);
      run.mark("running");
      const data = await openAnyData(run.recipe);
      const note = (message: string) => this.#emit({ type: "note", message });
      const open = async () => opened = device && "kind" in device ? device : await openDevice({ log: note, ...device });
      checkPrecision(run.recipe, await open());
      if (this.#state === "starting") this.#set("running");
      const outcome = await this.#jobs(data, () => opened!, open, metrics, note);
      run.mark(outcome);
      this.#set(outcome);
    } catch (error) {
      this.error = error as Error;
      run.mark("failed", { error: this.error.message });
      this.#set("failed", this.error.message);
    } finally {
      rest();
      metrics?.close();
      for (const resolve of this.#saveNow.splice(0)) resolve(Promise.resolve(undefined));
      if (opened && opened !== device) await opened.destroy();
    }
    return this.#state;
  }

  async #jobs(
    data: AnyData,
    device: () => Device,
    reopen: () => Promise<Device>,
    metrics: Metrics,
    note: (message: string) => void,
  ): Promise<"done" | "stopped"> {
    const { run, stages, workers } = this.#options;
    const plan = planJobs(run.recipe, data, stages), last = plan.at(-1);
    run.mark("running", { steps: last && last.offset + last.steps });
    for (const [index, { job, stage, offset, steps: jobSteps }] of plan.entries()) {
      if (run.finished(job.id)) continue;
      for (let lost = 0;;) {
        if (this.#wish === "stop") return "stopped";
        if (this.#wish === "pause") {
          this.#set("paused");
          await new Promise<void>((resolve) => this.#woken = resolve);
          continue;
        }
        try {
          const task = await buildTask(stage, { device: device(), recipe: run.recipe, data, run, workers, note }, job);
          try {
            const bytes = task.learning?.update.bytes ?? 0;
            this.#emit({ type: "job", job, index, count: plan.length, step: offset, steps: jobSteps, bytes });
            if (await this.#train(task, job, offset, metrics)) break;
          } finally {
            await task.destroy();
          }
        } catch (error) {
          if (!(error instanceof DeviceLostError) || ++lost >= tries) throw error;
          note(`${error.message}; going on from the last checkpoint`);
          metrics.rewind(run.checkpoints().at(-1)?.metricsBytes ?? 0);
          await reopen();
        }
      }
    }
    return "done";
  }

  /** Trains a task to its end, or to an edge where somebody wished otherwise; gives whether it ended. */
  async #train(task: AnyTask, job: Job, offset: number, metrics: Metrics): Promise<boolean> {
    const { run, fs } = this.#options, { checkpoints, logEvery, seed } = run.recipe, { learning } = task;
    const saved = run.checkpoints(job.id).at(-1);
    let state: LoopState = saved
      ? await restoreTask(task, saved)
      : { step: 0, loader: { seed: seed + job.seed, epoch: 0, position: 0 }, skipped: 0 };
    let measured: Measured | undefined;
    const append = (line: Partial<MetricLine>, at: LoopState) => {
      const whole = { step: offset + at.step, stage: job.stage, job: job.id, jobStep: at.step, time: Date.now(), ...line };
      metrics.append(whole);
      this.#emit({ type: "metrics", line: whole });
    };
    const measure = async (at: LoopState) => {
      measured = await task.measure();
      append({ measured: measured.values }, at);
    };
    const save = async (at: LoopState, finished: boolean): Promise<SavedCheckpoint | undefined> => {
      try {
        metrics.sync();
        const checkpoint = await saveTask({ run, task, job, state: at, offset, metricsBytes: metrics.length, finished, measured, fs });
        pruneCheckpoints(run.checkpointFolder, job.id, checkpoints.keep);
        this.#emit({ type: "checkpoint", path: checkpoint.path, step: checkpoint.step, job: job.id, finished });
        return checkpoint;
      } catch (error) {
        if (checkpoints.onFailure === "stop" || finished || !(error instanceof ZelligeError) || error instanceof DeviceLostError) {
          throw error;
        }
        this.#emit({ type: "note", message: `${error.message}; going on without this checkpoint` });
      }
    };

    if (learning) {
      const { training: { measureEvery }, update, facts } = learning;
      state = await loop({
        learning,
        from: state,
        seed: seed + job.seed,
        logEvery,
        on: {
          log: append,
          lost: (batches) => writeFileSync(`${run.path}/lost.json`, JSON.stringify({ job: job.id, batches }, null, 1)),
          edge: async (at) => {
            if (at.step === facts.steps) return "go on";
            if (measureEvery && at.step % measureEvery === 0) await measure(at);
            const asked = this.#saveNow.splice(0), leaving = this.#wish !== undefined;
            if (leaving || asked.length || at.step % checkpoints.every === 0) {
              // Weights that a lost loss has spoiled must not push a good checkpoint out; the next line of the log ends the run.
              const saved = await update.isFinite() ? save(at, false) : Promise.resolve(undefined);
              for (const resolve of asked) resolve(saved);
              await saved;
              measured = undefined;
            }
            return leaving ? "stop" : "go on";
          },
        },
      });
      if (state.step < facts.steps) return false;
    }
    await measure(state);
    await save(state, true);
    writeReport(run.path);
    return true;
  }
}

interface Planned {
  job: Job;
  stage: AnyStage;
  /** Updates of all jobs before it. */
  offset: number;
  steps: number;
}

/** The jobs that a recipe asks for. @throws RecipeError where a stage that was asked for cannot be done. */
export function planJobs(
  recipe: AnyRecipe,
  data: AnyData,
  stages: Record<string, AnyStage> = stagesFor(recipe),
): Planned[] {
  const asked = stagesOf(recipe), plan: Planned[] = [];
  let steps = 0;
  for (const name of stageNames) {
    const stage = stages[name], jobs = stage?.jobs(recipe, data) ?? [];
    if (asked.length === 1 && asked[0] === name && !jobs.length) {
      throw new RecipeError(`${name}: ${data.train.set.name} has no labels; give labelled data, or another stage`);
    }
    // The jobs of stages that are not asked for count, so that a step means the same in every session of a run.
    for (const job of jobs) {
      const jobSteps = stage.facts(recipe, data, job)?.steps ?? 0;
      if (asked.includes(name)) plan.push({ job, stage, offset: steps, steps: jobSteps });
      steps += jobSteps;
    }
  }
  return plan;
}
