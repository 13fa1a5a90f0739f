// metrics.jsonl as a server reads it again and again: what was read once is not read again, and of a long record only the lines asked for.

import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import type { MetricLine } from "../src/train/run/metrics.ts";

/** Where the lines of one record begin and which steps they have. */
interface Index {
  /** Byte at which each line begins, and that behind the last. */
  edges: number[];
  steps: number[];
  /** The last line, to see whether a resumed run has taken it off. */
  last: Uint8Array;
}

/** Records that are remembered. */
const KEPT = 32;

export class MetricLines {
  readonly #known = new Map<string, Index>();

  /** The step of the last whole line; 0 of a record without lines. */
  lastStep(path: string): number {
    return this.#read(path, ({ steps }) => steps.at(-1) ?? 0) ?? 0;
  }

  /** `limit` lines at most with a step above `after`, oldest first. */
  lines(path: string, after: number, limit: number): MetricLine[] {
    return this.#read(path, ({ edges, steps }, file) => {
      // A run that was resumed may have a step twice, so steps are looked at one by one.
      const wanted = steps.flatMap((step, line) => step > after ? [line] : []).slice(0, limit);
      if (wanted.length === 0) return [];
      const from = edges[wanted[0]], bytes = read(file, from, edges[wanted.at(-1)! + 1]);
      return wanted.map((line) => parse(bytes.subarray(edges[line] - from, edges[line + 1] - from))!);
    }) ?? [];
  }

  #read<T>(path: string, use: (index: Index, file: number) => T): T | undefined {
    if (!existsSync(path)) return undefined;
    const file = openSync(path, "r");
    try {
      return use(this.#upToDate(path, file), file);
    } finally {
      closeSync(file);
    }
  }

  #upToDate(path: string, file: number): Index {
    const { size } = fstatSync(file);
    let index = this.#known.get(path);
    this.#known.delete(path);
    if (!index || !stillThere(index, file, size)) index = { edges: [0], steps: [], last: new Uint8Array() };
    this.#known.set(path, index); // behind all others: the first is forgotten first
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value!);

    const from = index.edges.at(-1)!, bytes = read(file, from, size);
    for (let at = 0, end = bytes.indexOf(10); end >= 0; at = end + 1, end = bytes.indexOf(10, at)) {
      const line = parse(bytes.subarray(at, end + 1));
      if (!line) break; // being written, or torn by a crash
      index.edges.push(from + end + 1);
      index.steps.push(line.step);
      index.last = bytes.slice(at, end + 1);
    }
    return index;
  }
}

function stillThere({ edges, last }: Index, file: number, size: number): boolean {
  const end = edges.at(-1)!;
  return end <= size && read(file, end - last.length, end).every((byte, i) => byte === last[i]);
}

function read(file: number, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, to - from));
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(file, bytes, done, bytes.length - done, from + done);
    if (count === 0) break; // cut meanwhile
    done += count;
  }
  return bytes.subarray(0, done);
}

function parse(bytes: Uint8Array): MetricLine | undefined {
  try {
    const line = JSON.parse(new TextDecoder().decode(bytes));
    return Number.isInteger(line?.step) ? line : undefined;
  } catch {
    return undefined;
  }
}
