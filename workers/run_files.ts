// What a run's folder tells, for whoever may not wait for the training: read on the thread that answers, in small pieces.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { RecipeError } from "../src/errors.ts";
import type { MetricLine, RunFile } from "../src/server/engine.ts";
import { type Finding, findingsOf, readReportInputs } from "../src/train/report/mod.ts";
import { modelFile } from "../src/train/run/checkpoint.ts";
import { Run, type RunState } from "../src/train/run.ts";
import { MetricLines } from "./metric_lines.ts";

/** Milliseconds for which findings of a growing record stay: they mean reading all of it. */
const FRESH = 5000;

const isName = (name: string) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name);

export class RunFiles {
  readonly #metrics = new MetricLines();
  /** A run's recipe never changes, and is long to check. */
  readonly #opened = new Map<string, { run: Run; changed: number }>();
  readonly #findings = new Map<string, { made: number; findings: Finding[] }>();

  constructor(readonly folder: string) {}

  /** All that can be read. */
  list(): Run[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder).flatMap((name) => {
      try {
        return this.find(name) ?? [];
      } catch (error) {
        if (error instanceof RecipeError) return []; // of another version: opened by its name it says why
        throw error;
      }
    });
  }

  /** @throws RecipeError where its recipe cannot be read. */
  find(name: string): Run | undefined {
    const path = join(this.folder, name);
    const changed = isName(name) ? statSync(join(path, "recipe.json"), { throwIfNoEntry: false })?.mtimeMs : undefined;
    if (changed === undefined) return undefined;
    const known = this.#opened.get(name);
    if (known?.changed === changed) return known.run;
    const run = Run.open(path);
    this.#opened.set(name, { run, changed });
    return run;
  }

  open(name: string): Run {
    const run = this.find(name);
    if (run) return run;
    throw new RecipeError(`run: none is named ${name}; list them`);
  }

  /** Where a run stands that nothing in this process trains. */
  state(run: Run): RunState {
    const { state } = run;
    // In a container the process before had this one's number.
    return state === "running" && writerOf(run) === process.pid ? "interrupted" : state;
  }

  lastStep(run: Run): number {
    return this.#metrics.lastStep(run.metricsPath);
  }

  metrics(name: string, after: number, limit: number): MetricLine[] {
    return this.#metrics.lines(this.open(name).metricsPath, after, limit) as unknown as MetricLine[];
  }

  findings(name: string): Finding[] {
    const { path } = this.open(name), known = this.#findings.get(name);
    if (known && performance.now() - known.made < FRESH) return known.findings;
    const findings = findingsOf(readReportInputs(path));
    this.#findings.set(name, { made: performance.now(), findings });
    return findings;
  }

  checkpoints(name: string): RunFile[] {
    return this.open(name).checkpoints().map(({ path, step }) => {
      return { name: path.split(/[/\\]/).at(-1)!, bytes: statSync(join(path, modelFile)).size, step };
    });
  }

  pictures(name: string): RunFile[] {
    const { pictureFolder } = this.open(name);
    if (!existsSync(pictureFolder)) return [];
    const names = readdirSync(pictureFolder).filter((name) => /\.(png|svg|jpg)$/.test(name));
    return names.map((name) => ({ name, bytes: statSync(join(pictureFolder, name)).size }));
  }

  picture(name: string, file: string): Uint8Array<ArrayBuffer> | undefined {
    const known = this.pictures(name).some((picture) => picture.name === file); // nothing but what lies in the folder itself
    return known ? new Uint8Array(readFileSync(join(this.open(name).pictureFolder, file))) : undefined;
  }

  /** The folder behind "NAME" or "NAME/checkpoints/CHECKPOINT"; undefined where no run has that name. */
  pathOf(source: string): string | undefined {
    const [, name, rest = ""] = /^([^/\\]+)(\/checkpoints\/[A-Za-z0-9][^/\\]*)?$/.exec(source) ?? [];
    return name && this.find(name) ? join(this.folder, name, rest) : undefined;
  }
}

function writerOf({ path }: Run): number | undefined {
  try {
    return JSON.parse(readFileSync(join(path, "status.json"), "utf8")).process;
  } catch {
    return undefined;
  }
}
