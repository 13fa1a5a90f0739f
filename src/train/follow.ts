// What another thread sees of a session: the same words, as promises of plain data. `workers/training.ts` puts it behind a worker.

import type { OpenOptions } from "../devices/mod.ts";
import { RecipeError } from "../errors.ts";
import { resolveAnyRecipe } from "./modality.ts";
import { merge } from "./recipe/merge.ts";
import { Run } from "./run.ts";
import { Session, type SessionEvent, type SessionState } from "./session.ts";

/** Which training to begin, or to go on with. Plain data. */
export interface Start {
  /** What the recipe says beside its preset; with `resume`, what must agree with the run's own recipe. */
  recipe?: unknown;
  /** The folder of a run to go on with. */
  resume?: string;
  /** Where a new run's folder is made; "runs" if absent. */
  folder?: string;
  /** A new run's name. */
  name?: string;
  device?: Pick<OpenOptions, "device" | "threads">;
  /** Workers that make batches; 2 if absent. */
  workers?: number;
}

/** Opens the run of a start, making its folder where it is new. @throws RecipeError */
export function runOf({ recipe = {}, resume, folder = "runs", name }: Start): Run {
  if (!resume) return Run.create(folder, resolveAnyRecipe(recipe), name);
  const own = Run.open(resume).recipe;
  return Run.open(resume, resolveAnyRecipe(merge(own, recipe)));
}

/** One session at a time, begun and steered by calls. */
export class Host {
  #session: Session | undefined;

  /** Begins a training and tells its events to `listener`; gives the run's folder. @throws RecipeError */
  start(options: Start, listener: (event: SessionEvent) => void): string {
    if (this.#session && !["done", "stopped", "failed"].includes(this.#session.state)) {
      throw new RecipeError(`${this.#session.run.path}: is being trained here; wait for its end or stop it`);
    }
    const run = runOf(options), { device, workers } = options;
    this.#session = new Session({ run, device, workers });
    this.#session.listen(listener);
    return run.path;
  }

  /** Waits for the end; gives how it ended, and why where it failed. */
  async ended(): Promise<{ state: SessionState; error?: { name: string; message: string } }> {
    const session = this.#begun(), state = await session.done, { error } = session;
    return { state, ...error && { error: { name: error.name, message: error.message } } };
  }

  pause(): void {
    this.#begun().pause();
  }

  resume(): void {
    this.#begun().resume();
  }

  stop(): void {
    this.#begun().stop();
  }

  checkpoint(): Promise<string | undefined> {
    return this.#begun().checkpoint();
  }

  #begun(): Session {
    if (!this.#session) throw new RecipeError("train: nothing was started; start a recipe first");
    return this.#session;
  }
}
