// Training in a worker, so that the thread that serves or shows it stays free while a kernel runs.
import { expose, proxy, type Remote, wrap } from "npm:comlink@4.4.2";
import * as errors from "../src/errors.ts";
import { Host, type Start } from "../src/train/follow.ts";
import type { SessionEvent, SessionState } from "../src/train/session.ts";

/** A training in a worker. */
export interface RemoteTraining extends AsyncDisposable {
  /** The run's folder. */
  path: string;
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
  checkpoint(): Promise<string | undefined>;
  /** Settles at the end; never rejects for what the training met, which is in `error`. */
  ended: Promise<{ state: SessionState; error?: Error }>;
}

/**
 * Starts a training in a worker of its own; dispose of it at the end, in Deno a worker keeps the program alive.
 *
 * @throws RecipeError for a recipe or a run that cannot be used.
 */
export async function startTraining(start: Start, listener: (event: SessionEvent) => void): Promise<RemoteTraining> {
  const worker = new Worker(new URL("./training_worker.ts", import.meta.url), { type: "module" });
  const died = new Promise<never>((_, reject) => {
    worker.addEventListener("error", (event) => {
      event.preventDefault(); // Deno would end the whole program
      reject(new errors.ZelligeError(`train: the worker stopped (${event.message}); resume the run`));
    });
  });
  died.catch(() => {});
  const host: Remote<Host> = wrap<Host>(worker);
  try {
    const path = await Promise.race([host.start(start, proxy(listener)), died]);
    const ended = Promise.race([host.ended(), died]).then(
      ({ state, error }) => ({ state, ...error && { error: revived(error) } }),
      (error) => ({ state: "failed" as const, error: revived(error) }),
    );
    return {
      path,
      ended,
      pause: async () => await host.pause(),
      resume: async () => await host.resume(),
      stop: async () => await host.stop(),
      checkpoint: async () => await host.checkpoint(),
      [Symbol.asyncDispose]() {
        worker.terminate();
        return Promise.resolve();
      },
    };
  } catch (error) {
    worker.terminate();
    throw revived(error as Error);
  }
}

/** An error that crossed over has name and message only: gives it back its class. */
function revived(error: { name: string; message: string }): Error {
  const known = Object.hasOwn(errors, error.name) ? errors[error.name as keyof typeof errors] as new (message: string) => Error : undefined;
  return known ? new known(error.message) : error instanceof Error ? error : Object.assign(new Error(error.message), { name: error.name });
}

/** Answers calls from the thread that started this worker. */
export function serveTraining(): void {
  expose(new Host());
}
