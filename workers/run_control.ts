// Training runs of a server: one at a time on the device, the next ones in a queue.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "npm:zod@4.6.7";
import type { Device } from "../src/devices/mod.ts";
import { BusyError, RecipeError } from "../src/errors.ts";
import type { MetricLine, RunAction, RunControl, RunDescription, RunEvent, RunFile, RunState } from "../src/server/engine.ts";
import { Recipe, resolveRecipe } from "../src/train/recipe.ts";
import { modelFile } from "../src/train/run/checkpoint.ts";
import { Run } from "../src/train/run.ts";
import { type Finding, findingsOf, readReportInputs, writeReport } from "../src/train/report/mod.ts";
import { drawRun } from "../src/inference/pictures/mod.ts";
import { Session } from "../src/train/session.ts";

export interface RunControlOptions {
  /** Where runs are kept. */
  folder: string;
  device: () => Promise<Device>;
  /** Workers that make a run's batches. */
  workers: number;
  /** Whether a recipe may name this path. @throws RecipeError where it may not. */
  permit: (path: string, where: string) => void;
  log?: (line: string) => void;
}

/** Events of a run that are kept for those who connect again; the record has all of the metrics. */
const KEPT = 1000;

interface Followed {
  run: Run;
  /** Absent while it waits for its turn, and after its end. */
  session?: Session;
  events: RunEvent[];
  waiting: Set<() => void>;
  step: number;
}

export class Runs implements RunControl {
  readonly #options: RunControlOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #queue: Followed[] = [];
  #active?: Followed;

  constructor(options: RunControlOptions) {
    this.#options = options;
  }

  // deno-lint-ignore require-await -- a fault of the recipe is a rejection
  async startRun(options: unknown): Promise<RunDescription> {
    const recipe = resolveRecipe(options);
    for (const [where, path] of pathsOf(recipe)) this.#options.permit(path, where);
    const run = Run.create(this.#options.folder, recipe);
    return this.#enqueue(this.#follow(run));
  }

  runs(): Promise<RunDescription[]> {
    return Promise.resolve(Run.list(this.#options.folder).map((run) => this.#describe(run)));
  }

  run(id: string): Promise<RunDescription | undefined> {
    const run = this.#find(id);
    return Promise.resolve(run && this.#describe(run));
  }

  // deno-lint-ignore require-await -- a run that is not there is a rejection
  async controlRun(id: string, action: RunAction): Promise<RunDescription> {
    const run = this.#open(id), followed = this.#followed.get(id), session = followed?.session;
    if (action === "resume" && !session) {
      return followed && this.#queue.includes(followed) ? this.#describe(run) : this.#enqueue(this.#follow(run));
    }
    if (action === "stop" && followed && this.#queue.includes(followed)) {
      this.#queue.splice(this.#queue.indexOf(followed), 1);
      run.mark("stopped");
      this.#tell(followed, "state", { type: "state", state: "stopped" });
    }
    if (action === "checkpoint") void session?.checkpoint(); // the event tells when it is there
    else session?.[action]();
    return this.#describe(run);
  }

  metrics(id: string, after: number, limit: number): Promise<MetricLine[]> {
    const lines = this.#open(id).metrics().filter(({ step }) => step > after).slice(0, limit);
    return Promise.resolve(lines as unknown as MetricLine[]);
  }

  async events(id: string, after: number, wait: number): Promise<RunEvent[]> {
    const followed = this.#followed.get(id), since = () => followed?.events.filter((event) => event.id > after) ?? [];
    if (!followed || since().length > 0) return since();
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        followed.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, wait);
      followed.waiting.add(wake);
    });
    return since();
  }

  findings(id: string): Promise<Finding[]> {
    return Promise.resolve(findingsOf(readReportInputs(this.#open(id).path)));
  }

  checkpoints(id: string): Promise<RunFile[]> {
    const files = this.#open(id).checkpoints().map(({ path, step }) => {
      return { name: path.split(/[/\\]/).at(-1)!, bytes: statSync(join(path, modelFile)).size, step };
    });
    return Promise.resolve(files);
  }

  pictures(id: string): Promise<RunFile[]> {
    const { pictureFolder } = this.#open(id);
    if (!existsSync(pictureFolder)) return Promise.resolve([]);
    const names = readdirSync(pictureFolder).filter((name) => /\.(png|svg|jpg)$/.test(name));
    return Promise.resolve(names.map((name) => ({ name, bytes: statSync(join(pictureFolder, name)).size })));
  }

  async picture(id: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const known = (await this.pictures(id)).some((file) => file.name === name); // nothing but what lies in the folder itself
    return known ? new Uint8Array(readFileSync(join(this.#open(id).pictureFolder, name))) : undefined;
  }

  /** The folder behind "NAME" or "NAME/checkpoints/CHECKPOINT"; undefined where no run has that name. */
  pathOf(source: string): string | undefined {
    const [, name, rest = ""] = /^([^/\\]+)(\/checkpoints\/[A-Za-z0-9][^/\\]*)?$/.exec(source) ?? [];
    return name && this.#find(name) ? join(this.#options.folder, name, rest) : undefined;
  }

  recipeSchema(): Promise<unknown> {
    return Promise.resolve(z.toJSONSchema(Recipe, { io: "input" }));
  }

  /** Stops what runs, at the edge of a step and with a checkpoint; what waits stays to be resumed. */
  async close(): Promise<void> {
    this.#queue.splice(0);
    this.#active?.session?.stop();
    await this.#active?.session?.done;
  }

  #follow(run: Run): Followed {
    const known = this.#followed.get(run.name);
    if (known) return known;
    const followed: Followed = { run, events: [], waiting: new Set(), step: run.metrics().at(-1)?.step ?? 0 };
    this.#followed.set(run.name, followed);
    return followed;
  }

  #enqueue(followed: Followed): RunDescription {
    if (this.#queue.length >= 100) throw new BusyError("runs: 100 are in the queue; stop some of them first");
    this.#queue.push(followed);
    this.#next();
    return this.#describe(followed.run);
  }

  #next(): void {
    if (this.#active || this.#queue.length === 0) return;
    const followed = this.#active = this.#queue.shift()!;
    void this.#train(followed).finally(() => {
      this.#active = undefined;
      followed.session = undefined;
      this.#next();
    });
  }

  async #train(followed: Followed): Promise<void> {
    const { device, workers, log = () => {} } = this.#options, { run } = followed;
    try {
      const session = followed.session = new Session({ run, device: await device(), workers });
      session.listen((event) => {
        if (event.type === "metrics") followed.step = event.line.step;
        this.#tell(followed, event.type, event);
      });
      const ended = await session.done;
      log(`run ${run.name}: ${ended}`);
      if (ended === "done") await this.#report(followed);
    } catch (error) {
      run.mark("failed", { error: (error as Error).message });
      this.#tell(followed, "state", { type: "state", state: "failed", error: (error as Error).message });
    }
  }

  /** Pictures and the page of a run that has ended well; what goes wrong here takes nothing from it. */
  async #report(followed: Followed): Promise<void> {
    const { run } = followed;
    try {
      await drawRun(run, await this.#options.device());
      writeReport(run.path);
      this.#tell(followed, "pictures", { type: "pictures" });
    } catch (error) {
      this.#options.log?.(`run ${run.name}: its report cannot be made (${(error as Error).message})`);
    }
  }

  #tell({ events, waiting }: Followed, type: string, data: unknown): void {
    // Not a count: after a restart the next one must still be larger.
    events.push({ id: Math.max(Date.now(), (events.at(-1)?.id ?? 0) + 1), type, data });
    if (events.length > KEPT) events.shift();
    for (const wake of [...waiting]) wake();
  }

  #find(id: string): Run | undefined {
    if (this.#followed.has(id)) return this.#followed.get(id)!.run;
    const path = join(this.#options.folder, id);
    return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id) && existsSync(join(path, "recipe.json")) ? Run.open(path) : undefined;
  }

  #open(id: string): Run {
    const run = this.#find(id);
    if (run) return run;
    throw new RecipeError(`run: none is named ${id}; list them`);
  }

  #describe(run: Run): RunDescription {
    const followed = this.#followed.get(run.name), { error, steps } = run;
    const state = this.#stateOf(run, followed);
    return {
      id: run.name,
      state,
      stage: run.recipe.stage,
      step: followed?.step ?? run.metrics().at(-1)?.step ?? 0,
      ...steps !== undefined && { steps },
      created: Math.round(run.created),
      ...state === "failed" && error !== undefined && { error },
      recipe: run.recipe,
    };
  }

  #stateOf(run: Run, followed: Followed | undefined): RunState {
    if (followed && this.#queue.includes(followed)) return "queued";
    const state = followed?.session?.state ?? (followed && followed === this.#active ? "starting" : run.state);
    return state === "starting" ? "running" : state === "interrupted" ? "stopped" : state;
  }
}

/** Every path of a recipe that is read, with the field that has it. */
function pathsOf({ data, tokenizer, pretrain, finetune }: Recipe): [where: string, path: string][] {
  const found: [string, string][] = [];
  for (const [place, source] of Object.entries({ "data.train": data.train, "data.heldOut": data.heldOut })) {
    for (const [field, value] of Object.entries(source ?? {})) {
      if (["path", "cache"].includes(field) || field === "labels" && typeof value === "string") {
        found.push([`${place}.${field}`, String(value)]);
      }
    }
  }
  const weights = { "tokenizer.from": tokenizer.from, "pretrain.from": pretrain.from, "finetune.from": finetune.from };
  for (const [place, value] of Object.entries(weights)) {
    if (!["run", "scratch"].includes(value)) found.push(...value.split(",").map((path): [string, string] => [place, path]));
  }
  return found;
}
