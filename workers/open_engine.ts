// The engine's worker as the server sees it: promises that always settle, errors of their own classes, a new worker for one that died.

import { type Remote, transfer } from "npm:comlink@4.4.2";
import { DeviceError, DeviceLostError, RecipeError } from "../src/errors.ts";
import type { AnyModelDescription, Engine, Inference, Pixels, RunControl } from "../src/server/engine.ts";
import type { EngineNews, EngineSettings, EngineWorker } from "./engine.ts";
import { Death, Member } from "./member.ts";
import { revive } from "./pool.ts";
import { isWithin } from "./roots.ts";
import { Runs } from "./run_control.ts";

/** Which device and model, where runs lie, and who is told what happens. */
export interface OpenEngineOptions extends EngineSettings {
  log?: (line: string) => void;
  /** Starts a worker with workers/engine.ts; for bundlers, which must see its address in the program's own code. */
  spawn?: () => Worker;
}

/** An engine in a worker of its own. */
export interface OpenedEngine extends Engine {
  /** Settles when the device is open and the model loaded. */
  readonly ready: Promise<void>;
  /** Stops a training at the edge of a step, frees the device, ends the worker. */
  close(): Promise<void>;
}

/** Milliseconds for a model to load: large ones come over a network. */
const LOADING = 30 * 60_000;

const names = [
  ...["models", "release", "check", "embed", "dense", "tokens", "decode", "reconstruct", "classify", "attention"],
  ...["embedTexts", "classifyTexts"],
] as (keyof Inference)[];

/**
 * Starts the worker; calls wait until it is ready. Close it at the end: it keeps the program alive.
 *
 * ```ts
 * import { openEngine } from "../server.ts";
 * const engine = openEngine({ device: "cpu", threads: 1, runs: await Deno.makeTempDir(), workers: 0, roots: [] });
 * await engine.ready;
 * console.assert((await engine.runs()).length === 0);
 * await engine.close();
 * ```
 */
export function openEngine({ log = () => {}, spawn = startWorker, ...settings }: OpenEngineOptions): OpenedEngine {
  let closed = false;
  const start = () => {
    const worker = spawn();
    worker.addEventListener("message", ({ data }: MessageEvent<EngineNews>) => {
      if (typeof data !== "object" || data === null) return;
      if ("log" in data) log(data.log);
      else if ("event" in data) runs.take(data.run, data.event);
    });
    return new Member<EngineWorker>(worker, (api) => api.open(settings), LOADING);
  };
  let member: Member<EngineWorker>;

  const call = async <T>(use: (api: Remote<EngineWorker>) => Promise<T>): Promise<T> => {
    const current = member;
    try {
      return await current.call(use, Infinity);
    } catch (error) {
      if (!(error instanceof Death)) throw revive(error);
      if (!closed && member === current) {
        log(`engine: its worker ${error.message}; another is started`);
        member = start();
        void current.terminate(error.message);
      }
      throw new DeviceLostError(`engine: its worker ${error.message}; it is started again, try again soon`);
    }
  };
  const allowed = [settings.runs, ...settings.roots];
  const runs = new Runs({
    folder: settings.runs,
    train: (path) => call((api) => api.train(path)),
    control: (run, action) => call((api) => api.controlTraining(run, action)),
    permit(path, where) {
      if (isWithin(path, allowed)) return;
      throw new RecipeError(
        `recipe: ${where} ${path} is not there, or outside the folders that requests may name; add its folder to the settings' roots`,
      );
    },
  });

  member = start();

  // deno-lint-ignore no-explicit-any -- the names are those of Engine, whose type the result has
  const methods: any = {
    activate: (source: string) => call<AnyModelDescription>((api) => api.activate(runs.files.pathOf(source) ?? source)), // also by a run's name
  };
  for (const name of names) {
    // deno-lint-ignore no-explicit-any
    methods[name] = (...args: any[]) => call((api: any) => api[name](...args.map(handed)));
  }
  const ready = member.ready.catch((error) => {
    throw error instanceof Death ? new DeviceError(`engine: its worker ${error.message}; the log has more`) : revive(error);
  });
  ready.catch(() => {}); // whoever does not wait for it learns from a call
  return {
    ...methods as Inference,
    ...runControl(runs),
    ready,
    async close() {
      closed = true;
      await runs.close();
      await call((api) => api.close()).catch(() => {});
      await member.terminate("was closed");
    },
  };
}

/** The methods as fields, which a spread takes along. */
function runControl(runs: Runs): RunControl {
  return {
    startRun: (recipe) => runs.startRun(recipe),
    runs: () => runs.runs(),
    run: (id) => runs.run(id),
    controlRun: (id, action) => runs.controlRun(id, action),
    metrics: (...args) => runs.metrics(...args),
    events: (...args) => runs.events(...args),
    findings: runs.findings,
    checkpoints: runs.checkpoints,
    pictures: runs.pictures,
    picture: runs.picture,
    recipeSchema: (kind) => runs.recipeSchema(kind),
  };
}

/** Pixels go over without a copy; the caller has no more use for them. */
function handed(argument: unknown): unknown {
  const pixels = argument as Pixels | undefined;
  return pixels?.data instanceof Uint8Array ? transfer(pixels, [pixels.data.buffer]) : argument;
}

const startWorker = () => new Worker(new URL("./engine.ts", import.meta.url), { type: "module" });
