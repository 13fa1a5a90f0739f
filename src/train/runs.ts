// Runs under control of somebody far away: started, queued one behind the other, steered and read by name. Answers are plain data.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "npm:zod@4.6.7";
import type { Device, OpenOptions } from "../devices/mod.ts";
import { BusyError } from "../errors.ts";
import { resolveAnyRecipe } from "./modality.ts";
import { Recipe } from "./recipe.ts";
import { Run } from "./run.ts";
import { type MetricLine, Metrics, readMetrics } from "./run/metrics.ts";
import { Session, type SessionEvent } from "./session.ts";

export interface RunDescription {
  id: string;
  state: "queued" | "running" | "pausing" | "paused" | "stopping" | "stopped" | "done" | "failed";
  /** The stage at work, or the last one. */
  stage?: string;
  step: number;
  steps?: number;
  /** Milliseconds since 1970. */
  created: number;
  /** Why it failed. */
  error?: string;
  recipe: unknown;
}

/** `id` counts the events of a run from 1 on, also over restarts. */
export interface RunEvent {
  id: number;
  type: string;
  data: unknown;
}

export interface RunFile {
  name: string;
  bytes: number;
  step?: number;
}

export interface RunsOptions {
  /** Where the folders of runs are. */
  folder: string;
  device?: Device | OpenOptions;
  /** Workers that make batches. */
  workers?: number;
}

/** The runs of a folder. One is at work at a time; the others wait for their turn. */
export class Runs {
  readonly #options: RunsOptions;
  readonly #queue: Run[] = [];
  /** Waiting calls of `events`, by run. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #active: Session | undefined;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Puts a recipe in the queue. @throws RecipeError naming every fault. */
  // deno-lint-ignore require-await -- a fault of the recipe must be a rejection
  async startRun(options: unknown): Promise<RunDescription> {
    const run = Run.create(this.#options.folder, resolveAnyRecipe(options));
    run.mark("stopped"); // until its turn comes: should the process end before, nobody is at work on it
    this.#queue.push(run);
    this.#next();
    return this.#describe(run);
  }

  // deno-lint-ignore require-await -- called from another thread
  async runs(): Promise<RunDescription[]> {
    return Run.list(this.#options.folder).map((run) => this.#describe(run));
  }

  // deno-lint-ignore require-await -- called from another thread
  async run(id: string): Promise<RunDescription | undefined> {
    const run = this.#find(id);
    return run && this.#describe(run);
  }

  /** Acts at a step's edge; the answer is the state from now on. @throws BusyError where the run is in no state for it. */
  // deno-lint-ignore require-await -- called from another thread
  async controlRun(id: string, action: "pause" | "resume" | "stop" | "checkpoint"): Promise<RunDescription> {
    const run = this.#find(id), session = this.#active?.run.name === id ? this.#active : undefined;
    const place = this.#queue.findIndex(({ name }) => name === id);
    if (!run) throw new BusyError(`run ${id}: is not there; start it first`);
    if (action === "resume" && !session && place < 0 && run.state !== "done") {
      this.#queue.push(run);
      this.#next();
    } else if (action === "stop" && place >= 0) this.#queue.splice(place, 1);
    else if (!session) throw new BusyError(`run ${id}: is ${this.#describe(run).state}, there is nothing to ${action}; resume it first`);
    else if (action === "checkpoint") void session.checkpoint();
    else session[action]();
    return this.#describe(run);
  }

  /** Lines of the record with a step above `after`, oldest first, `limit` at most. */
  // deno-lint-ignore require-await -- called from another thread
  async metrics(id: string, after: number, limit: number): Promise<MetricLine[]> {
    return this.#find(id)?.metrics().filter(({ step }) => step > after).slice(0, limit) ?? [];
  }

  /** Events above `after`; waits up to `wait` milliseconds for the first one. */
  async events(id: string, after: number, wait: number): Promise<RunEvent[]> {
    const run = this.#find(id);
    if (!run) return [];
    const found = () => readMetrics<RunEvent>(eventsOf(run)).filter((event) => event.id > after);
    const now = found();
    if (now.length || wait <= 0) return now;
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, wait);
      waiting.add(done);
    });
    return found();
  }

  // deno-lint-ignore require-await -- called from another thread
  async checkpoints(id: string): Promise<RunFile[]> {
    const size = (path: string) => readdirSync(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
    return this.#find(id)?.checkpoints().map(({ path, step }) => ({ name: path.split(/[/\\]/).at(-1)!, bytes: size(path), step })) ?? [];
  }

  // deno-lint-ignore require-await -- called from another thread
  async pictures(id: string): Promise<RunFile[]> {
    const run = this.#find(id);
    if (!run) return [];
    return picturesOf(run).map((name) => {
      const step = /-(\d+)\.png$/.exec(name)?.[1];
      return { name, bytes: statSync(join(run.pictureFolder, name)).size, ...step && { step: Number(step) } };
    });
  }

  // deno-lint-ignore require-await -- called from another thread
  async picture(id: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const run = this.#find(id);
    // Only what is listed: a name cannot lead out of the folder.
    return run && picturesOf(run).includes(name) ? new Uint8Array(readFileSync(join(run.pictureFolder, name))) : undefined;
  }

  /** The JSON Schema of a recipe, for forms. */
  // deno-lint-ignore require-await -- called from another thread
  async recipeSchema(): Promise<unknown> {
    return z.toJSONSchema(Recipe, { io: "input", unrepresentable: "any" });
  }

  /** Stops the run at work at its next edge, and lets no other begin. */
  async close(): Promise<void> {
    this.#queue.length = 0;
    this.#active?.stop();
    await this.#active?.done;
  }

  #next(): void {
    const run = this.#active ? undefined : this.#queue.shift();
    if (!run) return;
    const { device, workers } = this.#options, session = this.#active = new Session({ run, device, workers });
    const events = new Metrics<RunEvent>(eventsOf(run));
    let id = readMetrics<RunEvent>(eventsOf(run)).at(-1)?.id ?? 0;
    session.listen((event: SessionEvent) => {
      const { type, ...data } = event;
      events.append({ id: ++id, type, data });
      for (const wake of [...this.#waiting.get(run.name) ?? []]) wake();
    });
    void session.done.then(() => {
      events.close();
      this.#active = undefined;
      this.#next();
    });
  }

  #find(id: string): Run | undefined {
    const path = join(this.#options.folder, id);
    return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id) && existsSync(join(path, "recipe.json")) ? Run.open(path) : undefined;
  }

  #describe(run: Run): RunDescription {
    const last = run.metrics().at(-1), queued = this.#queue.some(({ name }) => name === run.name);
    const session = this.#active?.run.name === run.name ? this.#active : undefined;
    const own = session && (session.state === "starting" ? "running" : session.state), kept = run.state;
    const gone = kept === "interrupted" || (kept === "running" && !session); // of this process, but of a session before it was restarted
    const error = run.error ?? (gone ? "its process ended before it did; resume it" : undefined);
    return {
      id: run.name,
      state: own ?? (queued ? "queued" : gone ? "failed" : kept as RunDescription["state"]),
      ...last && { stage: last.stage },
      step: last?.step ?? 0,
      ...run.steps !== undefined && { steps: run.steps },
      created: run.created,
      ...error !== undefined && { error },
      recipe: run.recipe,
    };
  }
}

const eventsOf = (run: Run) => join(run.path, "events.jsonl");

const picturesOf = (run: Run) =>
  existsSync(run.pictureFolder) ? readdirSync(run.pictureFolder).filter((name) => name.endsWith(".png")).sort() : [];
