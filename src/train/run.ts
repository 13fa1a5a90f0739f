// A run: the folder in which a training keeps its recipe, its record, its checkpoints and its pictures.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isAlive, keepFresh } from "./run/alive.ts";
import { RecipeError } from "../errors.ts";
import { type AnyRecipe, resolveAnyRecipe } from "./modality.ts";
import { differences } from "./recipe/merge.ts";
import { listCheckpoints, type SavedCheckpoint } from "./run/checkpoint.ts";
import { type MetricLine, readMetrics } from "./run/metrics.ts";

/** Where a run stands. "interrupted": its process ended before it did. */
export type RunState = "running" | "stopped" | "done" | "failed" | "interrupted";

interface Status {
  state: Exclude<RunState, "interrupted">;
  /** Who writes here, to tell a running run from one whose process is gone. */
  process: number;
  /** Milliseconds since 1970. */
  created: number;
  /** Updates in all jobs, once the data is known. */
  steps?: number;
  error?: string;
}

export class Run {
  readonly #path: string;

  private constructor(path: string, readonly recipe: AnyRecipe, readonly created: number) {
    this.#path = path;
  }

  /** Makes the folder of a new run below `folder`. @throws RecipeError where `name` is taken. */
  static create(folder: string, recipe: AnyRecipe, name = freeName(folder, recipe)): Run {
    const path = join(folder, name);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) {
      throw new RecipeError(`run: the name ${JSON.stringify(name)} is none; use letters, digits, dots, dashes and underscores`);
    }
    if (existsSync(`${path}/recipe.json`)) throw new RecipeError(`${path}: is a run already; resume it or choose another name`);
    for (const sub of ["checkpoints", "pictures"]) mkdirSync(`${path}/${sub}`, { recursive: true });
    writeWhole(`${path}/recipe.json`, JSON.stringify(recipe, null, 2));
    const run = new Run(path, recipe, Date.now());
    run.mark("running");
    return run;
  }

  /**
   * Opens a run. With `expected`, a recipe that is not the run's own is refused.
   *
   * @throws RecipeError where the folder holds no run, or naming each value that differs.
   */
  static open(path: string, expected?: AnyRecipe): Run {
    if (!existsSync(`${path}/recipe.json`)) throw new RecipeError(`${path}: holds no run; give a folder with a recipe.json`);
    const recipe = resolveAnyRecipe(JSON.parse(readFileSync(`${path}/recipe.json`, "utf8")), `${path}/recipe.json`);
    // Another stage of the same recipe may be run in the same folder.
    const other = expected ? differences({ ...expected, stage: recipe.stage }, recipe) : [];
    if (other.length) {
      throw new RecipeError(`${path}: was made with another recipe (${other.join("; ")}); resume it with its own, or start a new run`);
    }
    return new Run(path, expected ?? recipe, status(path)?.created ?? statSync(`${path}/recipe.json`).mtimeMs);
  }

  /** Every run below `folder`, newest first. */
  static list(folder: string): Run[] {
    if (!existsSync(folder)) return [];
    const runs = readdirSync(folder).filter((name) => existsSync(`${folder}/${name}/recipe.json`)).flatMap((name) => {
      try {
        return [Run.open(join(folder, name))];
      } catch (error) {
        if (error instanceof RecipeError) return []; // of a later version, or edited: it can still be opened by name, which says why
        throw error;
      }
    });
    return runs.sort((a, b) => b.created - a.created);
  }

  get path(): string {
    return this.#path;
  }

  get name(): string {
    return this.#path.split(/[/\\]/).filter(Boolean).at(-1)!;
  }

  get checkpointFolder(): string {
    return `${this.#path}/checkpoints`;
  }

  get metricsPath(): string {
    return `${this.#path}/metrics.jsonl`;
  }

  get pictureFolder(): string {
    return `${this.#path}/pictures`;
  }

  get state(): RunState {
    const found = status(this.#path);
    if (!found) return "interrupted";
    return found.state === "running" && !isAlive(found.process, statusFile(this.#path)) ? "interrupted" : found.state;
  }

  /** Why it failed. */
  get error(): string | undefined {
    return status(this.#path)?.error;
  }

  /** Updates in all jobs; absent before the data was opened. */
  get steps(): number | undefined {
    return status(this.#path)?.steps;
  }

  /** Sets the state that `state` tells from now on. */
  mark(state: Status["state"], more: Pick<Status, "steps" | "error"> = {}): void {
    const steps = more.steps ?? this.steps;
    const next: Status = { state, process: process.pid, created: this.created, ...steps !== undefined && { steps }, ...more };
    writeWhole(statusFile(this.#path), JSON.stringify(next));
  }

  /** Shows those who may not ask for processes that this one is at work, until what it gives is called. */
  keepFresh(): () => void {
    return keepFresh(statusFile(this.#path));
  }

  checkpoints(job?: string): SavedCheckpoint[] {
    return listCheckpoints(this.checkpointFolder).filter((c) => job === undefined || c.job === job);
  }

  /** The end of a job, if it has ended. */
  finished(job: string): SavedCheckpoint | undefined {
    return this.checkpoints(job).find((c) => c.finished);
  }

  metrics(): MetricLine[] {
    return readMetrics(this.metricsPath);
  }
}

const statusFile = (path: string) => `${path}/status.json`;

function status(path: string): Status | undefined {
  try {
    return JSON.parse(readFileSync(statusFile(path), "utf8"));
  } catch {
    return undefined;
  }
}

/** A reader sees the old text or the new one. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

/** The date, the preset, and a number where that is taken: 2026-11-23-mosaics-tiny-2. */
function freeName(folder: string, { preset }: AnyRecipe): string {
  const base = `${new Date().toISOString().slice(0, 10)}-${preset}`;
  for (let n = 1;; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!existsSync(join(folder, name))) return name;
  }
}
