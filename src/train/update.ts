// One update of the weights as programs, one set of them for each shape of batches.

import type { Device } from "../devices/device.ts";
import { state, type Tensor } from "../graph.ts";
import type { Adamw, AdamwStep, LossScale } from "../optim/adamw.ts";
import { keepInput } from "../optim/gradient_packs.ts";
import { compile, type Program } from "../program.ts";
import type { Training } from "./recipe/training.ts";
import type { Named } from "./states.ts";
import { type Judged, keepNorm, keepSums, type Learners, updateGraph } from "./update_graph.ts";

/** What an update needs of a model. */
export interface Objective extends Learners, Judged {
  /** The same over smaller batches, where there are any: a shape has programs of its own, built when a batch of it first comes. */
  shapes?: {
    /** Tells the shape of a micro-batch by its values; `largest` is the objective's own. */
    of(values: Values): number;
    largest: number;
    judged(shape: number): Judged;
  };
}

/** Inputs of a program by name. */
export type Values = Record<string, ArrayLike<number> | number>;

/** Those of the values that a program takes: one without dropout has no random numbers, one without a schedule no temperature. */
export function takenBy({ inputs }: Pick<Program, "inputs">, values: Values): Values {
  const names = new Set(inputs);
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

/** The programs of one shape: what ends an update, and what takes in the micro-batches before its last. */
interface Programs {
  whole: Program;
  partial?: Program;
}

export class Update {
  /** Micro-batches since the sums began. */
  #summed = 0;
  #updates = 0;
  readonly #smaller = new Map<number, Programs>();

  private constructor(
    private readonly programs: Programs,
    private readonly build: (judged: Judged, share: Program) => Promise<Programs>,
    private readonly parts: number,
    readonly objective: Objective,
    readonly optimizer: Adamw,
    private readonly sums: Record<string, Tensor>,
    private readonly lossScale?: LossScale,
  ) {}

  /** Plans an update on a device. @throws LimitError, ShaderError */
  static async compile(device: Device, objective: Objective, training: Training): Promise<Update> {
    const makeState = statesByName(), parts = training.accumulation, f16 = training.precision === "f16";
    const graphOf = (judged: Judged) => updateGraph(objective, judged, training, makeState);
    const build = async ({ whole, partial }: ReturnType<typeof graphOf>, share?: Program): Promise<Programs> => {
      const program = await compile(device, whole.sums, { updates: whole.updates, share, f16 });
      if (parts === 1) return { whole: program };
      try {
        return { whole: program, partial: await compile(device, partial.sums, { updates: partial.updates, share: program, f16 }) };
      } catch (error) {
        program.destroy();
        throw error;
      }
    };
    const graph = graphOf(objective), programs = await build(graph);
    const { optimizer, lossScale, whole: { sums } } = graph;
    return new Update(programs, (judged, share) => build(graphOf(judged), share), parts, objective, optimizer, sums, lossScale);
  }

  /** The program of the largest shape, which has every state. */
  get program(): Program {
    return this.programs.whole;
  }

  /** Bytes on the device. */
  get bytes(): number {
    const { program } = this,
      all = [this.programs, ...this.#smaller.values()].flatMap(({ whole, partial }) => [whole, partial ?? []].flat());
    return all.reduce((sum, { plan }) => sum + (plan === program.plan ? plan.bytes : plan.bytes - sharedBytes(plan)), 0);
  }

  /** Updates that the sums hold. */
  get summed(): number {
    return this.#updates;
  }

  /** Starts one update from as many micro-batches as the recipe has parts. Returns before the device is done, where it can. */
  async run(batches: readonly Values[], at: AdamwStep): Promise<void> {
    for (const [i, values] of batches.entries()) {
      const last = i === this.parts - 1, { whole, partial } = await this.#programsFor(values), program = last ? whole : partial!;
      program.write({
        ...takenBy(program, values),
        [keepSums]: this.#summed === 0 ? 0 : 1,
        ...this.parts > 1 && { [keepInput]: i === 0 ? 0 : 1 },
        ...last && { ...this.optimizer.values(at), [keepNorm]: this.#updates === 0 ? 0 : 1 },
      });
      program.run();
      this.#summed++;
      if (last) this.#updates++;
    }
  }

  /** Runs the whole program on one micro-batch, to see how long it takes. What it does to the weights is of no use. */
  async trial(values: Values, lr: number): Promise<void> {
    const given = { ...values, [keepSums]: 0, [keepNorm]: 0, [keepInput]: 0, ...this.optimizer.values({ step: 0, lr, emaDecay: 0 }) };
    const { whole } = await this.#programsFor(values);
    whole.write(takenBy(whole, given));
    whole.run();
  }

  async #programsFor(values: Values): Promise<Programs> {
    const { shapes } = this.objective, shape = shapes?.of(values);
    if (!shapes || shape === undefined || shape === shapes.largest) return this.programs;
    if (!this.#smaller.has(shape)) this.#smaller.set(shape, await this.build(shapes.judged(shape), this.program));
    return this.#smaller.get(shape)!;
  }

  /**
   * Means since they were read last; waits for the device. The gradient's norm is the mean over updates. In f16 there are also the loss
   * scale and the share of updates that were left out; where all were, there is no norm.
   */
  async means(): Promise<Record<string, number>> {
    const means: Record<string, number> = {}, read = (name: string) => this.program.readNumber(name);
    const taken = this.lossScale ? await read("taken") : this.#updates;
    for (const name of Object.keys(this.sums)) {
      if (name === "gradNorm") { if (taken) means.gradNorm = await read(name) / taken; }
      else if (name !== "taken") means[name] = await read(name) / this.#summed;
    }
    if (this.lossScale) Object.assign(means, { lossScale: await read(this.lossScale.scale.name), overflow: 1 - taken / this.#updates });
    this.#summed = this.#updates = 0;
    return means;
  }

  /** Whether the losses that were summed so far are numbers; waits for the device. */
  async isFinite(): Promise<boolean> {
    return this.#summed === 0 || Number.isFinite(await this.program.readNumber("loss"));
  }

  /** Everything beside the weights that the next update depends on. */
  get trainerStates(): Named {
    const moments = Object.entries(this.optimizer.moments).flatMap(([name, { m, v }]) => [[`m.${name}`, m], [`v.${name}`, v]]);
    const sums = Object.entries(this.sums).map(([name, t]) => [`sum.${name}`, t.maker!.inputs.total]);
    const scaling = Object.entries(this.lossScale ?? {}).map(([name, t]) => [`loss_scale.${name}`, t]);
    const raw = this.averaged ? Object.entries(this.objective.params).map(([name, t]) => [`weights.${name}`, t]) : [];
    return Object.fromEntries([...moments, ...sums, ...scaling, ...raw]);
  }

  /** The weights to use: the moving average where there is one; with what the model itself moves. */
  get weights(): Named {
    return { ...this.averaged ? this.optimizer.average : this.objective.params, ...this.objective.running?.states };
  }

  get averaged(): boolean {
    return Object.keys(this.optimizer.average).length > 0;
  }

  /** Goes on with sums that a checkpoint held. */
  resumeSums(updates: number): void {
    this.#updates = updates;
    this.#summed = updates * this.parts;
  }

  destroy(): void {
    for (const { whole, partial } of [...this.#smaller.values(), this.programs]) {
      partial?.destroy();
      whole.destroy();
    }
  }
}

/** States and scratch space are there once, whatever programs share them. */
const sharedBytes = ({ buffers }: Program["plan"]) =>
  buffers.reduce((sum, { kind, bytes }) => sum + (kind === "state" || kind === "scratch" ? bytes : 0), 0);

/** Makes each state once, by its name. */
function statesByName(): typeof state {
  const made = new Map<string, Tensor>();
  return (name, ...rest) => {
    if (!made.has(name)) made.set(name, state(name, ...rest));
    return made.get(name)!;
  };
}
