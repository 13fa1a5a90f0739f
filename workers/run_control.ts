// Training runs of a server: one at a time on the device, the next ones in a queue. Knows where each stands without asking the device.

import { z } from "npm:zod@4.6.7";
import { BusyError } from "../src/errors.ts";
import type { Finding } from "../src/train/report/mod.ts";
import type { MetricLine, RecipeKind, RunAction, RunControl, RunDescription, RunEvent, RunFile, RunState } from "../src/server/engine.ts";
import { resolveAnyRecipe } from "../src/train/modality.ts";
import { Recipe } from "../src/train/recipe.ts";
import { Run } from "../src/train/run.ts";
import type { SessionState } from "../src/train/session.ts";
import { TextRecipe } from "../src/train/text/recipe.ts";
import { VaeRecipe } from "../src/train/vae/recipe.ts";
import { pathsOf } from "./recipe_paths.ts";
import { RunFiles } from "./run_files.ts";
import type { TrainerEvent } from "./trainer.ts";

export interface RunControlOptions {
  /** Where runs are kept. */
  folder: string;
  /** Trains the run in a folder until it ends, which may be after pauses. */
  train: (path: string) => Promise<SessionState>;
  /** Makes the training of a run act at its next edge of a step. */
  control: (run: string, action: RunAction) => Promise<void>;
  /** Whether a recipe may name this path. @throws RecipeError where it may not. */
  permit: (path: string, where: string) => void;
}

/** Events of a run that are kept for those who connect again; the record has all of the metrics. */
const KEPT = 1000;
const MOST = 100;
const ended = ["stopped", "done", "failed"];

interface Followed {
  run: Run;
  state: RunState;
  error?: string;
  step: number;
  /** Until the training ends: it may be paused meanwhile. */
  training?: Promise<void>;
  events: RunEvent[];
  waiting: Set<() => void>;
}

export class Runs implements RunControl {
  readonly #options: RunControlOptions;
  readonly files: RunFiles;
  readonly #followed = new Map<string, Followed>();
  readonly #queue: Followed[] = [];
  /** Has the device. */
  #active?: Followed;
  #closed = false;

  constructor(options: RunControlOptions) {
    this.#options = options;
    this.files = new RunFiles(options.folder);
  }

  // deno-lint-ignore require-await -- a fault of the recipe is a rejection
  async startRun(options: unknown): Promise<RunDescription> {
    const recipe = resolveAnyRecipe(options);
    for (const [where, path] of pathsOf(recipe)) this.#options.permit(path, where);
    this.#checkRoom();
    return this.#enqueue(Run.create(this.#options.folder, recipe));
  }

  runs(): Promise<RunDescription[]> {
    return Promise.resolve(this.files.list().map((run) => this.#describe(run)));
  }

  // deno-lint-ignore require-await -- a recipe that cannot be read is a rejection
  async run(id: string): Promise<RunDescription | undefined> {
    const run = this.files.find(id);
    return run && this.#describe(run);
  }

  // deno-lint-ignore require-await -- a run that is not there is a rejection
  async controlRun(id: string, action: RunAction): Promise<RunDescription> {
    const run = this.files.open(id), followed = this.#followed.get(id);
    if (action === "resume") {
      if (!followed || followed.state === "paused" || ended.includes(followed.state)) {
        this.#checkRoom();
        return this.#enqueue(run);
      }
    } else if (followed?.state === "queued") {
      if (action !== "checkpoint") this.#leaveQueue(followed, action);
    } else if (followed?.training) {
      const next = { pause: "pausing", stop: "stopping", checkpoint: undefined } as const;
      if (next[action]) this.#set(followed, next[action]);
      this.#steer(followed, action);
    }
    return this.#describe(run);
  }

  metrics(id: string, after: number, limit: number): Promise<MetricLine[]> {
    return soon(() => this.files.metrics(id, after, limit) as unknown as MetricLine[]);
  }

  async events(id: string, after: number, wait: number): Promise<RunEvent[]> {
    const followed = this.#followed.get(id), since = () => followed?.events.filter((event) => event.id > after) ?? [];
    if (!followed || since().length > 0) return since();
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        followed.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, wait);
      followed.waiting.add(wake);
    });
    return since();
  }

  findings = (id: string): Promise<Finding[]> => soon(() => this.files.findings(id));
  checkpoints = (id: string): Promise<RunFile[]> => soon(() => this.files.checkpoints(id));
  pictures = (id: string): Promise<RunFile[]> => soon(() => this.files.pictures(id));
  picture = (id: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> => soon(() => this.files.picture(id, name));

  recipeSchema(kind: RecipeKind = "pictures"): Promise<unknown> {
    return Promise.resolve(
      schemas[kind] ??= z.toJSONSchema({ pictures: Recipe, texts: TextRecipe, vae: VaeRecipe }[kind](), { io: "input" }),
    );
  }

  /** What a training tells, as it comes over from its thread. */
  take(id: string, event: TrainerEvent): void {
    const followed = this.#followed.get(id);
    if (!followed) return;
    if (event.type === "metrics") followed.step = event.line.step;
    if (event.type === "state") {
      followed.error = event.error;
      return this.#set(followed, event.state === "starting" ? "running" : event.state, event.error);
    }
    this.#tell(followed, event.type, event);
  }

  /** Stops what trains, at the edge of a step and with a checkpoint; what waits stays to be resumed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const followed of this.#queue.splice(0)) if (!followed.training) followed.run.mark("stopped");
    const training = [...this.#followed.values()].filter((followed) => followed.training);
    for (const followed of training) this.#steer(followed, "stop");
    await Promise.all(training.map((followed) => followed.training));
  }

  #checkRoom(): void {
    if (this.#queue.length >= MOST) throw new BusyError(`runs: ${MOST} are in the queue; stop some of them first`);
  }

  #enqueue(run: Run): RunDescription {
    let followed = this.#followed.get(run.name);
    if (!followed) {
      followed = { run, state: "queued", step: this.files.lastStep(run), events: [], waiting: new Set() };
      this.#followed.set(run.name, followed);
    }
    this.#queue.push(followed);
    this.#set(followed, "queued");
    this.#next();
    return this.#describe(run);
  }

  #leaveQueue(followed: Followed, action: "pause" | "stop"): void {
    this.#queue.splice(this.#queue.indexOf(followed), 1);
    if (followed.training && action === "stop") {
      this.#set(followed, "stopping");
      return this.#steer(followed, "stop");
    }
    if (!followed.training) followed.run.mark("stopped"); // nothing has begun, so there is nothing to save
    this.#set(followed, action === "pause" ? "paused" : "stopped");
  }

  #next(): void {
    if (this.#active || this.#closed || this.#queue.length === 0) return;
    const followed = this.#active = this.#queue.shift()!;
    this.#set(followed, "running");
    if (followed.training) return this.#steer(followed, "resume");
    followed.error = undefined;
    followed.training = this.#options.train(followed.run.path).then(
      (state) => {
        if (followed.state !== "queued") this.#set(followed, state as RunState); // somebody was quick to resume it
      },
      (error: Error) => {
        followed.error = error.message;
        followed.run.mark("failed", { error: error.message });
        this.#set(followed, "failed", error.message);
      },
    ).finally(() => {
      followed.training = undefined;
      this.#free(followed);
    });
  }

  /** The next one may begin: a run that is paused has freed the device's memory. */
  #free(followed: Followed): void {
    if (this.#active !== followed) return;
    this.#active = undefined;
    this.#next();
  }

  #steer(followed: Followed, action: RunAction): void {
    this.#options.control(followed.run.name, action).catch(() => {}); // a trainer that is gone ends the training itself
  }

  #set(followed: Followed, state: RunState, error?: string): void {
    if (followed.state !== state || followed.events.length === 0) {
      followed.state = state;
      this.#tell(followed, "state", { type: "state", state, ...error !== undefined && { error } });
    }
    if (state === "paused") this.#free(followed);
  }

  #tell({ events, waiting }: Followed, type: string, data: unknown): void {
    // Not a count: after a restart the next one must still be larger.
    events.push({ id: Math.max(Date.now(), (events.at(-1)?.id ?? 0) + 1), type, data });
    if (events.length > KEPT) events.shift();
    for (const wake of [...waiting]) wake();
  }

  #describe(run: Run): RunDescription {
    const followed = this.#followed.get(run.name), found = followed?.state ?? this.files.state(run), { steps } = run;
    const state = found === "interrupted" ? "stopped" : found, error = followed ? followed.error : run.error;
    return {
      id: run.name,
      state,
      stage: run.recipe.stage,
      step: followed?.step ?? this.files.lastStep(run),
      ...steps !== undefined && { steps },
      created: Math.round(run.created),
      ...state === "failed" && error !== undefined && { error },
      recipe: run.recipe,
    };
  }
}

const schemas: Partial<Record<RecipeKind, unknown>> = {};

/** What reading throws is a rejection. */
const soon = <T>(read: () => T): Promise<T> => Promise.resolve().then(read);
