// The worker that owns a device: models at work and training, so that a kernel of seconds never stops the thread that answers requests.

import { expose, transfer } from "npm:comlink@4.4.2";
import { openDevice, type OpenOptions } from "../src/devices/mod.ts";
import { CheckpointError } from "../src/errors.ts";
import { InferenceEngine } from "../src/inference/engine.ts";
import type { Inference, RunAction } from "../src/server/engine.ts";
import { isWithin } from "./roots.ts";
import { Trainer, type TrainerEvent } from "./trainer.ts";

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

/** What the worker says unasked, beside comlink's messages. */
export type EngineNews = { log: string } | { run: string; event: TrainerEvent };

let models: InferenceEngine, trainer: Trainer;
const say = (news: EngineNews) => globalThis.postMessage(news);
const log = (line: string) => say({ log: line });

const own = {
  /** Opens the device and loads the model. */
  async open({ device, threads, model, runs, workers, roots }: EngineSettings) {
    const allowed = [runs, ...roots, ...model === undefined ? [] : [model]]; // what was served first may be put to work again
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
    trainer = new Trainer({ workers, device: () => models.device(), tell: (run, event) => say({ run, event }), log });
    if (model !== undefined) await models.load(model);
    else await models.device();
  },
  train: (path: string) => trainer.train(path),
  controlTraining: (run: string, action: RunAction) => trainer.control(run, action),
  close: () => models.close(),
};

/** Hands the buffers of an answer over without a copy. */
async function given<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const value = await answer;
  const parts = value instanceof Uint8Array ? [value] : typeof value === "object" && value !== null ? Object.values(value) : [];
  return transfer(value, [...new Set(parts.filter((part) => ArrayBuffer.isView(part)).map(({ buffer }) => buffer as ArrayBuffer))]);
}

const engine: Inference = {
  models: () => models.models(),
  activate: (source) => models.activate(source),
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
};

const api = { ...own, ...engine };
export type EngineWorker = typeof api;

expose(api);
