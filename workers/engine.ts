// The worker that owns a device: models at work and training, so that a kernel of seconds never stops the thread that answers requests.

import { expose, transfer } from "npm:comlink@4.4.2";
import { openDevice, type OpenOptions } from "../src/devices/mod.ts";
import { CheckpointError, RecipeError } from "../src/errors.ts";
import { InferenceEngine } from "../src/inference/engine.ts";
import type { Engine } from "../src/server/engine.ts";
import { isWithin } from "./roots.ts";
import { Runs } from "./run_control.ts";

/** What the worker needs to begin. Plain data. */
export interface EngineSettings {
  device: OpenOptions["device"];
  threads?: number;
  /** Loaded at once; none: activate one. */
  model?: string;
  /** Folder of training runs. */
  runs: string;
  /** Workers that make a run's batches. */
  workers: number;
  /** Folders, and beginnings of addresses, that requests may name beside the runs. */
  roots: string[];
}

let models: InferenceEngine, runs: Runs, lines: string[] = [];
const log = (line: string) => void lines.push(line);

const own = {
  /** Opens the device and loads the model. */
  async open({ device, threads, model, runs: folder, workers, roots }: EngineSettings) {
    const allowed = [folder, ...roots];
    models = new InferenceEngine({
      open: () => openDevice({ device, threads, log }),
      log,
      permit(source) {
        if (isWithin(source, allowed)) return;
        throw new CheckpointError(
          `source: ${source} is not there, or outside the folders that requests may name; add its folder to the settings' roots`,
        );
      },
    });
    runs = new Runs({
      folder,
      workers,
      device: () => models.device(),
      log,
      permit(path, where) {
        if (isWithin(path, allowed)) return;
        throw new RecipeError(
          `recipe: ${where} ${path} is not there, or outside the folders that requests may name; add its folder to the settings' roots`,
        );
      },
    });
    if (model !== undefined) await models.load(model);
    else await models.device();
  },
  /** Lines of the log since the last call. */
  takeLog() {
    const taken = lines;
    lines = [];
    return taken;
  },
  async close() {
    await runs.close();
    await models.close();
  },
};

/** Hands the buffers of an answer over without a copy. */
async function given<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const value = await answer;
  const parts = value instanceof Uint8Array ? [value] : typeof value === "object" && value !== null ? Object.values(value) : [];
  return transfer(value, [...new Set(parts.filter((part) => ArrayBuffer.isView(part)).map(({ buffer }) => buffer as ArrayBuffer))]);
}

const engine: Engine = {
  models: () => models.models(),
  // A request names a run by its name, too.
  activate: (source) => models.activate(runs.pathOf(source) ?? source),
  release: (model) => models.release(model),
  check: () => models.check(),
  embed: (...args) => given(models.embed(...args)),
  dense: (...args) => given(models.dense(...args)),
  tokens: (...args) => given(models.tokens(...args)),
  decode: (...args) => given(models.decode(...args)),
  reconstruct: (...args) => given(models.reconstruct(...args)),
  classify: (...args) => given(models.classify(...args)),
  attention: (...args) => given(models.attention(...args)),
  embedTexts: (...args) => given(models.embedTexts(...args)),
  classifyTexts: (...args) => given(models.classifyTexts(...args)),
  startRun: (recipe) => runs.startRun(recipe),
  runs: () => runs.runs(),
  run: (id) => runs.run(id),
  controlRun: (id, action) => runs.controlRun(id, action),
  metrics: (...args) => runs.metrics(...args),
  events: (...args) => runs.events(...args),
  findings: (id) => runs.findings(id),
  checkpoints: (id) => runs.checkpoints(id),
  pictures: (id) => runs.pictures(id),
  picture: (id, name) => given(runs.picture(id, name)),
  recipeSchema: () => runs.recipeSchema(),
};

const api = { ...own, ...engine };
export type EngineWorker = typeof api;

expose(api);
