// What the tests of training share: a recipe of a second, and a program that runs it, to be killed.

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseSafetensors } from "../checkpoint/mod.ts";
import { readFileSync } from "node:fs";
import { type RecipeOptions, resolveRecipe } from "./recipe.ts";
import { merge } from "./recipe/merge.ts";
import { Run } from "./run.ts";
import { modelFile, trainerFile } from "./run/checkpoint.ts";
import { type MetricLine, reproducible } from "./run/metrics.ts";
import { Session, type SessionOptions } from "./session.ts";

/** One thread: what is tested is not speed. */
export const cpu = { device: "cpu", threads: 1 } as const;

const second: RecipeOptions = {
  stage: "finetune",
  logEvery: 3,
  data: { train: { kind: "mosaics", size: 8, length: 60 }, heldOut: { kind: "mosaics", size: 8, length: 20, split: "test" } },
  checkpoints: { every: 4 },
  encoder: { imageSize: 8, patchSize: 4, dim: 16, depth: 1, heads: 2 },
  pretrain: { minBlock: 1 },
  finetune: {
    lr: 2e-3,
    steps: 14,
    batchSize: 4,
    accumulation: 2,
    warmupSteps: 2,
    ema: 0.9,
    arms: ["scratch"],
    labels: [1],
    mixup: 0.8,
    cutmix: 1,
    erasing: 0.5,
  },
};

/** Every stage, in a few updates each. */
export const allStages: RecipeOptions = {
  stage: "all",
  data: { train: { kind: "mosaics", size: 16, length: 84 }, heldOut: { kind: "mosaics", size: 16, length: 42, split: "test" } },
  encoder: { imageSize: 16, patchSize: 4, dim: 16, depth: 2, heads: 2 },
  tokenizer: {
    model: { form: "dalle", vocab: 8, hidden: 4, initial: 4, groups: 3, blocks: 1 },
    steps: 4,
    batchSize: 4,
    usage: 1,
    ema: 0.5,
  },
  pretrain: { steps: 6, batchSize: 4, minBlock: 1, jitter: 0.2 },
  probe: { train: 56, validation: 28, k: 3 },
  finetune: { steps: 3, batchSize: 4, warmupSteps: 0, accumulation: 1, arms: ["pretrained", "scratch"], labels: [0.5] },
};

export const tinyRecipe = (over: RecipeOptions = {}) => resolveRecipe(merge(second, over));

/** Runs `use` with a fresh folder that is removed afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "zellige-train-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a session to its end; fails with its error. */
export async function toEnd(options: SessionOptions): Promise<Session> {
  const session = new Session({ device: cpu, workers: 0, ...options });
  await session.done;
  if (session.error) throw session.error;
  return session;
}

/** What of a finished run must not depend on interruptions: every tensor's bytes (as a digest), and the record but for its clocks. */
export function essence(run: Run): { tensors: Record<string, string>; metrics: Partial<MetricLine>[] } {
  const tensors: Record<string, string> = {};
  for (const { path, job } of run.checkpoints().filter((c) => c.finished)) {
    for (const file of [modelFile, trainerFile]) {
      const opened = parseSafetensors(readFileSync(`${path}/${file}`));
      for (const name of opened.tensors.keys()) {
        tensors[`${job} ${file} ${name}`] = createHash("sha256").update(opened.readRaw(name)).digest("hex");
      }
    }
  }
  return { tensors, metrics: run.metrics().map(reproducible) };
}

// As a program: runs (or resumes) the run in argv[2], slowly enough to be killed in the middle of it.
if (process.argv[1]?.endsWith("testing.ts") && process.argv[2]) {
  const session = new Session({ run: Run.open(process.argv[2]), device: cpu, workers: 0 });
  session.listen((event) => event.type === "metrics" && console.log(event.line.jobStep));
  await session.done;
  if (session.error) throw session.error;
}
