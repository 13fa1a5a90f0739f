// metrics.jsonl: the record of a run, one JSON object a line, only ever appended to.

import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import type { StageName } from "../recipe.ts";

/** A line of the record. */
export interface MetricLine {
  /** Updates since the run began, over all its jobs. */
  step: number;
  stage: StageName;
  /** The training it belongs to: "pretrain", "finetune-scratch-10%-seed0". */
  job: string;
  /** Updates since the job began. */
  jobStep: number;
  /** Milliseconds since 1970. */
  time: number;
  /** What the training program said, as a mean over the updates since the line before: loss, accuracy, gradNorm, ... */
  train?: Record<string, number>;
  /** What held-out pictures said: loss, accuracy, chance, ... */
  measured?: Record<string, number>;
  /** Learning rate, temperature, ... at this step. */
  schedule?: Record<string, number>;
  /** Share of the time since the line before in which the device waited for data; pictures a second; epoch; pictures left out. */
  speed?: { dataWait: number; picturesPerSecond: number; epoch: number; skipped: number };
  /** Bytes of the training program's buffers on its device, and the most that the process has had in memory so far. */
  memory?: { planned: number; resident: number };
  /** Something that happened: "started", "resumed", "finished", "checkpoint failed: ...". */
  event?: string;
}

/** What of a line is the same in every run of a recipe: all but clocks and memory. */
export function reproducible({ time: _, speed: __, memory: ___, ...line }: MetricLine): Partial<MetricLine> {
  return line;
}

/** The record, open for appending. Opening mends it: a last line that a crash tore is taken off. */
export class Metrics {
  readonly #file: number;
  #length: number;

  constructor(path: string) {
    this.#length = mendedLength(path);
    this.#file = openSync(path, "a");
    if (fstatSync(this.#file).size !== this.#length) ftruncateSync(this.#file, this.#length);
  }

  /** Bytes of the record: with `rewind`, a place to come back to. */
  get length(): number {
    return this.#length;
  }

  append(line: MetricLine): void {
    const bytes = new TextEncoder().encode(JSON.stringify(line) + "\n");
    for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    this.#length += bytes.length;
  }

  /** Drops what was written behind `length`: steps that a resumed run takes again. */
  rewind(length: number): void {
    if (length >= this.#length) return;
    ftruncateSync(this.#file, length);
    this.#length = length;
  }

  /** Makes the record as durable as the checkpoint that is about to refer to it. */
  sync(): void {
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Every whole line of a record; a torn last line is passed over. */
export function readMetrics(path: string): MetricLine[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path), text = bytes.subarray(0, lengthOf(bytes)).toString("utf8");
  return text.split("\n").filter((line) => line).map((line) => JSON.parse(line));
}

const mendedLength = (path: string) => existsSync(path) ? lengthOf(readFileSync(path)) : 0;

/** Up to the end of the last line that is whole: it ends, and it is JSON. */
function lengthOf(bytes: Uint8Array): number {
  const end = bytes.lastIndexOf(10);
  if (end < 0) return 0;
  const start = end === 0 ? 0 : bytes.lastIndexOf(10, end - 1) + 1;
  try {
    JSON.parse(new TextDecoder().decode(bytes.subarray(start, end)));
    return end + 1;
  } catch {
    return start; // some file systems leave zeros where a crash cut a write short
  }
}
