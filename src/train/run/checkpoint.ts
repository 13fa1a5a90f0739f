// Checkpoints of a run: a folder each, written under a temporary name, fsynced, renamed.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import * as nodeFs from "node:fs/promises";
import { atomicWrite, openSafetensors, type Safetensors, type TensorInputs, writeSafetensors } from "../../checkpoint/mod.ts";
import type { LoaderState } from "../../data/order.ts";
import { CheckpointError } from "../../errors.ts";
import type { AnyRecipe } from "../modality.ts";
import type { StageName } from "../recipe.ts";

/** What a checkpoint knows beside its tensors. */
export interface CheckpointFacts {
  format: 1;
  stage: StageName;
  job: string;
  /** Updates since the job began, and since the run began. */
  jobStep: number;
  step: number;
  /** Whether the job has ended: what the next stages begin with. */
  finished: boolean;
  recipe: AnyRecipe;
  /** What the weights are weights of, for whoever loads them. */
  model: { kind: string; config: unknown; classes?: string[] };
  /** Where the data goes on. */
  loader?: LoaderState;
  /** Pictures left out so far. */
  skipped: number;
  /** Seed and counter of the random numbers on the device. */
  random: { seed: number; step: number };
  /** Updates since the last line of the record whose sums are among the trainer's tensors. */
  summed: number;
  /** Bytes of the record when this was saved. */
  metricsBytes: number;
  /** Larger is better; absent where nothing was measured. */
  score?: number;
  /** Milliseconds since 1970. */
  time: number;
}

/** The file system calls used here; a test passes its own to make them fail. */
export type CheckpointFileSystem = Pick<typeof nodeFs, "open" | "rename" | "rm">;

export interface SavedCheckpoint extends CheckpointFacts {
  /** Its folder. */
  path: string;
}

/** Within a checkpoint's folder: weights to use, and what it takes to go on training. */
export const modelFile = "model.safetensors", trainerFile = "trainer.safetensors", factsFile = "checkpoint.json";

export interface CheckpointParts {
  model: TensorInputs;
  trainer: TensorInputs;
  /** Further files: name → text. */
  files?: Record<string, string>;
  /** Of the file of weights, beside the recipe. */
  metadata?: Record<string, string>;
}

/**
 * Writes a checkpoint below `folder`, whole or not at all. `model` are the weights to use, under their official names; `trainer` is
 * what training needs beside them.
 *
 * @throws CheckpointError when the disk is full or something else fails; the checkpoints before are intact.
 */
export async function saveCheckpoint(
  folder: string,
  facts: CheckpointFacts,
  { model, trainer, files = {}, metadata = {} }: CheckpointParts,
  fs: CheckpointFileSystem = nodeFs,
): Promise<SavedCheckpoint> {
  const name = facts.finished ? `${facts.job}-final` : `${facts.job}-${String(facts.jobStep).padStart(7, "0")}`;
  const path = `${folder}/${name}`, temporary = `${folder}/.${name}.tmp`;
  if (existsSync(path)) return { ...facts, path }; // the same step of the same job has the same values
  try {
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    const about = { format: "pt", recipe: JSON.stringify(facts.recipe), model: JSON.stringify(facts.model), ...metadata };
    await writeSafetensors(`${temporary}/${modelFile}`, model, about, fs);
    await writeSafetensors(`${temporary}/${trainerFile}`, trainer, {}, fs);
    for (const [file, text] of Object.entries({ ...files, [factsFile]: JSON.stringify(facts, null, 1) })) {
      await atomicWrite(`${temporary}/${file}`, [new TextEncoder().encode(text)], fs);
    }
    await fs.rename(temporary, path);
    const parent = await fs.open(folder, "r");
    await parent.sync().catch(() => {}); // where a folder cannot be synced the system orders renames itself
    await parent.close();
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`${path}: cannot be written (${(error as Error).message}); the checkpoints before are intact`, {
      cause: error,
    });
  }
  return { ...facts, path };
}

/** All checkpoints below `folder`, oldest first. Folders that a crash left behind half-written have another name and are not seen. */
export function listCheckpoints(folder: string): SavedCheckpoint[] {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder).filter((name) => !name.startsWith(".") && existsSync(`${folder}/${name}/${factsFile}`))
    .map((name) => readCheckpointFacts(`${folder}/${name}`));
  return found.sort((a, b) => a.step - b.step || Number(a.finished) - Number(b.finished) || a.time - b.time);
}

/** @throws CheckpointError where the folder holds no checkpoint of this program. */
export function readCheckpointFacts(path: string): SavedCheckpoint {
  try {
    const facts = JSON.parse(readFileSync(`${path}/${factsFile}`, "utf8")) as CheckpointFacts;
    if (facts.format !== 1) throw new Error(`its format is ${facts.format}, this program reads 1`);
    return { ...facts, path };
  } catch (error) {
    throw new CheckpointError(`${path}: is no checkpoint of a run (${(error as Error).message}); give a folder below a run's checkpoints/`);
  }
}

/** Opens the tensors of a checkpoint; close both. */
export async function openTrained({ path }: Pick<SavedCheckpoint, "path">): Promise<{ model: Safetensors; trainer: Safetensors }> {
  const model = await openSafetensors(`${path}/${modelFile}`);
  return { model, trainer: await openSafetensors(`${path}/${trainerFile}`) };
}

/** Removes what is neither among the newest `keep` of its job, nor its best, nor its end; and what crashes left behind. */
export function pruneCheckpoints(folder: string, job: string, keep: number): void {
  const all = listCheckpoints(folder).filter((c) => c.job === job), newest = new Set(all.slice(-keep));
  const best = all.reduce<SavedCheckpoint | undefined>(
    (a, b) => b.score !== undefined && b.score > (a?.score ?? -Infinity) ? b : a,
    undefined,
  );
  for (const c of all) if (!newest.has(c) && c !== best && !c.finished) rmSync(c.path, { recursive: true, force: true });
}
