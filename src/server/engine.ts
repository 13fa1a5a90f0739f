// What the server needs of the part that owns a device: models at work (src/inference/types.ts) and training under control.

import type { Inference } from "../inference/types.ts";
import type { Finding } from "../train/report/is_this_normal.ts";

export * from "../inference/types.ts";

export type RunState = "queued" | "running" | "pausing" | "paused" | "stopping" | "stopped" | "done" | "failed";

export interface RunDescription {
  id: string;
  state: RunState;
  /** Of a recipe: tokenizer, pretrain, probe, finetune. */
  stage?: string;
  step: number;
  steps?: number;
  /** Milliseconds since 1970. */
  created: number;
  /** Why it failed. */
  error?: string;
  recipe: unknown;
}

/** A line of metrics.jsonl. */
export type MetricLine = { step: number } & Record<string, unknown>;

/** `id` grows with each event of a run, also over a restart. */
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

/** What a recipe trains: on pictures, on texts, or a Gaussian VAE. */
export type RecipeKind = "pictures" | "texts" | "vae";

export type RunAction = "pause" | "resume" | "stop" | "checkpoint";

/** Training under control. A run that is not there is undefined, or a NotFoundError of the caller's making. */
export interface RunControl {
  /** Puts a recipe in the queue. @throws RecipeError naming every fault. */
  startRun(recipe: unknown): Promise<RunDescription>;
  runs(): Promise<RunDescription[]>;
  run(id: string): Promise<RunDescription | undefined>;
  /** Acts at a step's edge; the answer is the state from now on. */
  controlRun(id: string, action: RunAction): Promise<RunDescription>;
  /** Lines with a step above `after`, oldest first, `limit` at most. */
  metrics(id: string, after: number, limit: number): Promise<MetricLine[]>;
  /** Events above `after`; waits up to `wait` milliseconds for the first one. */
  events(id: string, after: number, wait: number): Promise<RunEvent[]>;
  /** What is normal of a run, and what is not. */
  findings(id: string): Promise<Finding[]>;
  checkpoints(id: string): Promise<RunFile[]>;
  pictures(id: string): Promise<RunFile[]>;
  /** The bytes of one of `pictures`. */
  picture(id: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The JSON Schema of recipes of a kind, for forms. */
  recipeSchema(kind?: RecipeKind): Promise<unknown>;
}

/** What a server serves: models at work, and training under control. */
export type Engine = Inference & RunControl;
