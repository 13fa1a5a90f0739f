// What one session found: times and reasons, by job and contestant.

import { readFileSync } from "node:fs";
import type { Job } from "./jobs.ts";
import { contestants } from "./contestants.ts";

export interface Found {
  /** Milliseconds of each run. */
  times: number[];
  /** Per round, the median as a multiple of the first contestant's in the same round. */
  ratios: number[];
  /** Why there are none. */
  reason?: string;
}

export function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

export class Session {
  readonly #found = new Map<string, Found>();
  /** What each contestant says of itself. */
  readonly descriptions = new Map<string, string>();

  /** Adds a round: the times of the first contestant, and of the one that took its turn right after it. */
  add(job: string, name: string, times: number[], reference: number[] = times): void {
    const [first] = contestants, ratio = median(times)! / median(reference)!;
    this.#append(job, name, times, [ratio]);
    if (name !== first.name) this.#append(job, first.name, reference, []);
  }

  missed(job: string, name: string, reason: string): void {
    this.#found.set(`${job}/${name}`, { times: [], ratios: [], reason });
  }

  found(job: string, name: string): Found | undefined {
    return this.#found.get(`${job}/${name}`);
  }

  /** Milliseconds. */
  median(job: string, name: string): number | undefined {
    return median(this.found(job, name)?.times ?? []);
  }

  /** The time as a multiple of the first contestant's: the median over the rounds, so that a machine that slows down in between changes little. */
  ratio(job: string, name: string): number | undefined {
    return median(this.found(job, name)?.ratios ?? []);
  }

  #append(job: string, name: string, times: number[], ratios: number[]): void {
    const found = this.found(job, name);
    this.#found.set(`${job}/${name}`, { times: [...found?.times ?? [], ...times], ratios: [...found?.ratios ?? [], ...ratios] });
  }
}

/** Where the files of a job's results are. */
export const resultOf = (job: Job, name: string, folder: string) => `${folder}/${job.id}.${name}.out`;

/** How far a result is from that of the first contestant, in words; undefined where it agrees. */
export function difference(job: Job, name: string, folder: string): string | undefined {
  const [given, wanted] = [name, contestants[0].name].map((name) => {
    const { buffer, byteOffset, byteLength } = readFileSync(resultOf(job, name, folder));
    return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  });
  if (given.length !== wanted.length) {
    return `${given.length} values instead of ${wanted.length}`;
  }
  if (job.kind === "encode") {
    const same = given.filter((id, i) => id === wanted[i]).length /
      wanted.length;
    return same >= 0.99 ? undefined : `${(100 * same).toFixed(1)} % of the tokens agree`; // rounding decides between equal logits
  }
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const far = wanted.reduce(
    (most, value, i) => Math.max(most, given[i] === value ? 0 : Math.abs(given[i] - value) || Infinity),
    0,
  ) / largest;
  return far < 1e-3 ? undefined : `${far.toExponential(1)} of the largest value away`;
}
