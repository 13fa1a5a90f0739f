// deno task scan DIR [--kind KIND] [--workers N] [--json]: reads and decodes every picture and lists the ones that cannot be used.
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { openDataPool } from "../../workers/loader.ts";
import { WorkerError } from "../../workers/pool.ts";
import { type DataSet, datasets, type DataSource, openDataSet } from "../data/datasets/mod.ts";
import { inspect, type Inspection } from "../data/inspect.ts";
import { ZelligeError } from "../errors.ts";
import { showProgress } from "./progress.ts";

const kinds = Object.keys(datasets).filter((kind) => !["mosaics", "panels", "cifar10", "imagenette"].includes(kind));

const usage = `Usage: deno task scan DIR [--kind KIND] [--workers N] [--json]

Reads and decodes every picture of a data set and lists the ones that cannot be used. Sizes are of the picture as it is shown: turned as
its EXIF orientation says.

  DIR          a folder of pictures, or what KIND wants
  --kind       ${kinds.join(", ")}; folder without it
  --workers    how many pictures at once; 0 reads on the main thread
  --json       one JSON object instead of the tables

Exit code: 0 all are good, 1 some are not or the set cannot be opened, 2 wrong arguments.`;

/** Pictures per call of a worker: enough that calls cost nothing, few enough that the bar moves. */
const CHUNK = 16;

export interface Report {
  path: string;
  kind: string;
  pictures: number;
  good: number;
  bytes: number;
  /** Of the good ones. */
  width: Spread;
  height: Spread;
  /** By class name, or by first folder where the set has no labels; empty where there is neither. */
  classes: { name: string; good: number; bad: number }[];
  bad: { name: string; reason: string }[];
}

type Spread = { min: number; median: number; max: number };

export interface ScanOptions {
  workers: number;
  onProgress?: (done: number, total: number) => void;
}

/** Scans a data set. A picture over which workers die is bad like any other. Throws DataError where the set cannot be opened. */
export async function scan(
  source: DataSource & { path: string },
  { workers, onProgress }: ScanOptions,
): Promise<Report & { hung: boolean }> {
  const set = await openDataSet(source), tally = new Tally(set, source);
  const pool = workers > 0 ? openDataPool({ source, listing: set.listing }, workers) : undefined;
  let next = 0, done = 0;

  async function inspectAll(indices: number[]): Promise<Inspection[]> {
    if (!pool) return [await inspect(set, indices[0])];
    try {
      return await pool.run((api) => api.inspect(indices));
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      if (indices.length > 1) return (await Promise.all(indices.map((index) => inspectAll([index])))).flat();
      const name = (await set.read(indices[0])).name;
      return [{ index: indices[0], name, bytes: 0, width: 0, height: 0, reason: `${name}: ${error.message}` }];
    }
  }

  async function take(): Promise<void> {
    while (next < set.length) {
      const indices = Array.from({ length: Math.min(pool ? CHUNK : 1, set.length - next) }, () => next++);
      for (const found of await inspectAll(indices)) tally.add(found);
      onProgress?.(done += indices.length, set.length);
    }
  }

  onProgress?.(0, set.length);
  try {
    await Promise.all(Array.from({ length: Math.max(1, 2 * workers) }, take));
    return { ...tally.report(), hung: (pool?.hung ?? 0) > 0 };
  } finally {
    await pool?.close();
  }
}

class Tally {
  readonly #set: DataSet;
  readonly #source: DataSource & { path: string };
  readonly #bad: Inspection[] = [];
  readonly #widths: number[] = [];
  readonly #heights: number[] = [];
  readonly #classes = new Map<string, { good: number; bad: number }>();
  #bytes = 0;

  constructor(set: DataSet, source: DataSource & { path: string }) {
    this.#set = set;
    this.#source = source;
    for (const name of set.classes ?? []) this.#classes.set(name, { good: 0, bad: 0 });
  }

  add(found: Inspection): void {
    this.#bytes += found.bytes;
    if (found.reason) this.#bad.push(found);
    else {
      this.#widths.push(found.width);
      this.#heights.push(found.height);
    }
    const name = this.#classOf(found);
    if (name === undefined) return;
    const count = this.#classes.get(name) ?? { good: 0, bad: 0 };
    this.#classes.set(name, count);
    count[found.reason ? "bad" : "good"]++;
  }

  report(): Report {
    return {
      path: this.#source.path,
      kind: this.#source.kind,
      pictures: this.#set.length,
      good: this.#widths.length,
      bytes: this.#bytes,
      width: spread(this.#widths),
      height: spread(this.#heights),
      classes: [...this.#classes].map(([name, counts]) => ({ name, ...counts })).sort((a, b) => a.name < b.name ? -1 : 1),
      bad: this.#bad.sort((a, b) => a.index - b.index).map(({ name, reason }) => ({ name, reason: reason! })),
    };
  }

  #classOf({ name, label }: Inspection): string | undefined {
    if (label !== undefined) return this.#set.classes?.[label] ?? String(label);
    if (this.#source.kind !== "folder" || !name.startsWith(`${this.#source.path}/`)) return undefined;
    const parts = name.slice(this.#source.path.length + 1).split("/");
    return parts.length > 1 ? parts[0] : undefined;
  }
}

function spread(values: number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  return { min: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0, max: sorted.at(-1) ?? 0 };
}

function print({ path, kind, pictures, good, bytes, width, height, classes, bad }: Report): void {
  console.log(`${path} (${kind}): ${pictures} pictures, ${(bytes / 1e6).toFixed(1)} MB; ${good} good, ${bad.length} bad`);
  if (good > 0) {
    for (const [side, { min, median, max }] of [["width", width], ["height", height]] as const) {
      console.log(`  ${side.padEnd(6)}  ${min} to ${max}, median ${median}`);
    }
  }
  if (classes.length > 0) {
    const column = Math.max(5, ...classes.map(({ name }) => name.length));
    console.log(`\n  ${"class".padEnd(column)}     good      bad`);
    for (const { name, good, bad } of classes) {
      console.log(`  ${name.padEnd(column)} ${String(good).padStart(8)} ${String(bad).padStart(8)}`);
    }
  }
  if (bad.length > 0) console.log(`\nbad:\n${bad.map(({ reason }) => `  ${reason}`).join("\n")}`);
}

/** The command; gives its exit code. */
export async function main(args: string[]): Promise<number> {
  let values, positionals;
  try {
    const options = {
      kind: { type: "string" },
      workers: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    ({ values, positionals } = parseArgs({ args, options, allowPositionals: true }));
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (values.help) return console.log(usage), 0;
  const kind = values.kind ?? "folder", workers = Number(values.workers ?? availableParallelism());
  if (positionals.length !== 1) return refuse(`${positionals.length} folders are given, one is wanted`);
  if (!kinds.includes(kind)) return refuse(`there is no kind ${kind}; give one of ${kinds.join(", ")}`);
  if (!Number.isInteger(workers) || workers < 0 || values.workers === "") {
    return refuse(`--workers is ${values.workers}; give a whole number from 0`);
  }

  const source = { kind, path: positionals[0].replace(/(?<=.)\/+$/, "") } as DataSource & { path: string };
  let progress: ReturnType<typeof showProgress> | undefined;
  try {
    const { hung, ...report } = await scan(source, {
      workers,
      onProgress: (done, total) => (progress ??= showProgress("pictures", total)).update(done),
    });
    progress?.finish();
    if (values.json) console.log(JSON.stringify(report, null, 2));
    else print(report);
    const code = report.bad.length > 0 ? 1 : 0;
    if (hung) process.exit(code); // a worker that hangs would keep the program alive
    return code;
  } catch (error) {
    progress?.finish();
    if (!(error instanceof ZelligeError)) throw error;
    console.error(`scan: ${error.message}`);
    return 1;
  }
}

function refuse(reason: string): number {
  console.error(`scan: ${reason}\n\n${usage}`);
  return 2;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
