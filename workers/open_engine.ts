// The engine's worker as the server sees it: promises that always settle, errors of their own classes, a new worker for one that died.

import { type Remote, transfer } from "npm:comlink@4.4.2";
import { DeviceError, DeviceLostError } from "../src/errors.ts";
import type { Engine, Pixels } from "../src/server/engine.ts";
import type { EngineSettings, EngineWorker } from "./engine.ts";
import { Death, Member } from "./member.ts";
import { revive } from "./pool.ts";

export interface OpenEngineOptions extends EngineSettings {
  log?: (line: string) => void;
  /** Starts a worker with workers/engine.ts; for bundlers, which must see its address in the program's own code. */
  spawn?: () => Worker;
}

export interface OpenedEngine extends Engine {
  /** Settles when the device is open and the model loaded. */
  readonly ready: Promise<void>;
  /** Stops a training at the edge of a step, frees the device, ends the worker. */
  close(): Promise<void>;
}

/** Milliseconds for a model to load: large ones come over a network. */
const LOADING = 30 * 60_000;
/** Milliseconds between looks at the worker's log. */
const LOOK = 500;

const names = [
  ...["models", "activate", "release", "check", "embed", "dense", "tokens", "decode", "reconstruct", "classify", "attention"],
  ...["embedTexts", "classifyTexts"],
  ...["startRun", "runs", "run", "controlRun", "metrics", "events", "findings", "checkpoints", "pictures", "picture", "recipeSchema"],
] as (keyof Engine)[];

/** Starts the worker; calls wait until it is ready. Close it at the end: it keeps the program alive. */
export function openEngine({ log = () => {}, spawn = startWorker, ...settings }: OpenEngineOptions): OpenedEngine {
  let closed = false;
  const start = () => new Member<EngineWorker>(spawn(), (api) => api.open(settings), LOADING);
  let member = start();

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
  const timer = setInterval(() => {
    void member.call((api) => api.takeLog(), Infinity).then((lines) => lines.forEach((line) => log(line)), () => {});
  }, LOOK);
  // What the worker does must not be held up by a look at its log, nor keep the program alive.
  (timer as { unref?: () => void }).unref?.();

  // deno-lint-ignore no-explicit-any -- the names are those of Engine, whose type the result has
  const methods: any = {};
  for (const name of names) {
    // deno-lint-ignore no-explicit-any
    methods[name] = (...args: any[]) => call((api: any) => api[name](...args.map(handed)));
  }
  const ready = member.ready.catch((error) => {
    throw error instanceof Death ? new DeviceError(`engine: its worker ${error.message}; the log has more`) : revive(error);
  });
  ready.catch(() => {}); // whoever does not wait for it learns from a call
  return {
    ...methods as Engine,
    ready,
    async close() {
      closed = true;
      clearInterval(timer);
      await call((api) => api.close()).catch(() => {});
      await member.terminate("was closed");
    },
  };
}

/** Pixels go over without a copy; the caller has no more use for them. */
function handed(argument: unknown): unknown {
  const pixels = argument as Pixels | undefined;
  return pixels?.data instanceof Uint8Array ? transfer(pixels, [pixels.data.buffer]) : argument;
}

const startWorker = () => new Worker(new URL("./engine.ts", import.meta.url), { type: "module" });
