// What all routes share: the engine behind its batcher, the doors in front of it, and the records of both.

import { DeviceError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import { Admission } from "./admission.ts";
import { Batcher } from "./batcher.ts";
import { BodyBudget } from "./body.ts";
import { type AnyModelDescription, batchSizes, type Engine } from "./engine.ts";
import { type Item, type JobName, jobs, type OptionsOf, type ResultOf } from "./jobs.ts";
import type { Log } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { Models } from "./models.ts";
import { type Prepare, prepareHere } from "../inference/prepare.ts";
import { ProgramCosts } from "./program_costs.ts";
import { RateLimit } from "./rate.ts";
import type { Settings } from "./settings.ts";
import { noTracing, type Tracing } from "./tracing.ts";

export interface ServiceOptions {
  engine: Engine;
  settings: Settings;
  log: Log;
  /** Without one there are no collections. */
  store?: Store;
  /** Decodes pictures; on this thread where absent. */
  prepare?: Prepare;
  tracing?: Tracing;
}

/** What became of one item. */
export type Outcome<Result> = { result: Result; item: Item; error?: undefined } | { result?: undefined; item?: undefined; error: Error };

/** Milliseconds: the longest wait and preparation of an item, the device's time for the last batch. */
export interface Timing {
  decode: number;
  queue: number;
  inference: number;
}

interface Key {
  job: JobName;
  model: string;
  options: unknown;
}

export class Service {
  readonly engine: Engine;
  readonly settings: Settings;
  readonly log: Log;
  readonly store?: Store;
  readonly prepare: Prepare;
  readonly tracing: Tracing;
  readonly models: Models;
  readonly admission: Admission;
  readonly bodies: BodyBudget;
  /** Absent where everyone may ask as often as they like. */
  readonly rate?: RateLimit;
  /** Paths of the document; the only values of the metrics' route label. */
  readonly routes: string[] = [];
  readonly metrics: Metrics = new Metrics(this.routes);
  readonly #batcher: Batcher<Item, { value: unknown; ms: number }>;
  readonly #costs = new ProgramCosts(batchSizes);
  /** Of late, per picture, for Retry-After. */
  #millisecondsPerPicture = 10;

  constructor({ engine, settings, log, store, prepare = prepareHere, tracing = noTracing }: ServiceOptions) {
    this.engine = engine;
    this.settings = settings;
    this.log = log;
    this.store = store;
    this.prepare = prepare;
    this.tracing = tracing;
    this.models = new Models(engine);
    this.admission = new Admission(settings.queue);
    this.bodies = new BodyBudget(settings.maxBodies);
    if (settings.rate !== undefined) this.rate = new RateLimit(settings.rate);
    this.#batcher = new Batcher({
      window: settings.window,
      comesMore: () => this.admission.inside > this.#batcher.waiting,
      sizes: batchSizes,
      costs: (key) => this.#costs.of(key),
      parallel: 2, // one on the device, one on its way
      run: (key, items) => this.#runBatch(key, items),
      isFinal: (error) => error instanceof DeviceError,
      onBatch: (size, waited) => {
        this.metrics.batchPictures.observe(size);
        for (const ms of waited) this.metrics.queueSeconds.observe(ms / 1000);
      },
    });
    this.metrics.gauge("zellige_queue_pictures", "Pictures that were let in and are not answered yet.", () => this.admission.inside);
    this.metrics.gauge("zellige_body_bytes", "Bytes of requests that are open.", () => this.bodies.open);
  }

  /** Seconds after which asking again has a chance. */
  get retryAfter(): number {
    return Math.min(60, Math.max(1, Math.ceil(this.admission.inside * this.#millisecondsPerPicture / 1000)));
  }

  /** Runs a job over items that are made (decoded, drawn) on the way. An item that fails leaves the others alone. */
  async run<Name extends JobName>(
    job: Name,
    model: Pick<AnyModelDescription, "id">,
    options: OptionsOf<Name>,
    items: (() => Promise<Item>)[],
    signal?: AbortSignal,
  ): Promise<{ outcomes: Outcome<ResultOf<Name>>[]; timing: Timing }> {
    const key = JSON.stringify({ job, model: model.id, options } satisfies Key);
    const timing: Timing = { decode: 0, queue: 0, inference: 0 };
    const one = async (make: () => Promise<Item>): Promise<Outcome<ResultOf<Name>>> => {
      try {
        const item = await this.tracing("decode", async () => await this.#timed(make, timing));
        const submitted = performance.now();
        const { value, ms } = await this.tracing("infer", async () => await this.#batcher.submit(key, item, signal));
        timing.queue = Math.max(timing.queue, performance.now() - submitted - ms);
        timing.inference = Math.max(timing.inference, ms);
        this.metrics.pictures.add({ outcome: "done" });
        return { result: value as ResultOf<Name>, item };
      } catch (error) {
        this.metrics.pictures.add({ outcome: signal?.aborted ? "left" : "failed" });
        return { error: error as Error };
      }
    };
    const outcomes = await Promise.all(items.map(one));
    signal?.throwIfAborted();
    return { outcomes, timing };
  }

  async #timed(make: () => Promise<Item>, timing: Timing): Promise<Item> {
    const started = performance.now();
    try {
      return await make();
    } finally {
      const ms = performance.now() - started;
      timing.decode = Math.max(timing.decode, ms);
      this.metrics.decodeSeconds.observe(ms / 1000);
    }
  }

  async #runBatch(key: string, items: Item[]) {
    const { job, model, options }: Key = JSON.parse(key), { ms, results } = await jobs[job](this.engine, model, items, options as never);
    this.#costs.observe(key, items.length, ms);
    this.metrics.inferenceSeconds.observe(ms / 1000);
    this.#millisecondsPerPicture = 0.8 * this.#millisecondsPerPicture + 0.2 * ms / items.length;
    return results.map((value: unknown) => value instanceof Error ? value : { value, ms });
  }
}
