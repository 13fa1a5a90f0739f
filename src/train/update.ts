// One update of the weights as programs: forward, backward, clipping, AdamW, averages, and sums of what is to be logged.

import { accumulate, multiply } from "../../kernels/mod.ts";
import type { Device } from "../devices/device.ts";
import { gradients } from "../gradients.ts";
import { constant, input, state, type Tensor } from "../graph.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import { type Adamw, adamw, type AdamwStep } from "../optim/adamw.ts";
import { accumulateGradients, keepInput, packGradients } from "../optim/gradient_packs.ts";
import { compile, type Program } from "../program.ts";
import type { Training } from "./recipe/training.ts";
import type { Named } from "./states.ts";

/**
 * What an update needs of a model: parameters that learn, the loss (1), and other values (1) to be logged; a value that is named "loss"
 * is logged in place of the loss.
 */
export interface Objective {
  params: Readonly<Record<string, Tensor>>;
  /** Decay and rate of each parameter. */
  table?: Readonly<Record<string, Pick<ParamSpec, "decay" | "lrScale">>>;
  loss: Tensor;
  values?: Readonly<Record<string, Tensor>>;
  /** States that the model itself moves at every micro-batch, such as running statistics: part of its weights, but not learned. */
  running?: { states: Named; updates: readonly Tensor[] };
  /** Tensors from which backward computes the rest again, to save memory. */
  recompute?: readonly Tensor[];
}

/** Inputs of a program by name. */
export type Values = Record<string, ArrayLike<number> | number>;

/** Those of the values that a program takes: one without dropout has no random numbers, one without a schedule no temperature. */
export function takenBy({ inputs }: Pick<Program, "inputs">, values: Values): Values {
  const names = new Set(inputs);
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

/** Say whether the sums for the log go on or begin anew; the norm's, which is added once an update, has its own. */
const keepSums = "log.keep", keepNorm = "log.keep_norm";

export class Update {
  /** Micro-batches since the sums began. */
  #summed = 0;
  #updates = 0;

  private constructor(
    readonly program: Program,
    private readonly partial: Program | undefined,
    private readonly parts: number,
    readonly objective: Objective,
    readonly optimizer: Adamw,
    private readonly sums: Record<string, Tensor>,
  ) {}

  /** Plans an update on a device. @throws LimitError, ShaderError */
  static async compile(device: Device, objective: Objective, training: Training): Promise<Update> {
    const { params, table, loss, values = {}, recompute, running } = objective, parts = training.accumulation;
    const scaled = parts === 1 ? loss : multiply(loss, constant("1 / parts", [1], [1 / parts]));
    const packs = packGradients(params, gradients(scaled, Object.values(params), undefined, recompute));
    const summed = parts === 1 ? { packs, updates: [] } : accumulateGradients(packs);
    const optimizer = adamw(params, summed.packs, {
      betas: [training.beta1, training.beta2],
      eps: training.eps,
      clip: training.clip ?? undefined,
      table,
      ema: training.ema !== null,
    });
    const keep = input(keepSums, [1]);
    const sumOf = (name: string, t: Tensor, keep: Tensor) => accumulate(state(`sum of ${name}`, [1]), t, keep);
    const each = Object.fromEntries(Object.entries({ loss, ...values }).map(([name, t]) => [name, sumOf(name, t, keep)]));
    const sums = { ...each, gradNorm: sumOf("gradNorm", optimizer.gradNorm, input(keepNorm, [1])) };
    const program = await compile(device, sums, { updates: [...optimizer.updates, ...running?.updates ?? []] });
    try {
      const partial = parts > 1
        ? await compile(device, each, { updates: [...summed.updates, ...running?.updates ?? []], share: program })
        : undefined;
      return new Update(program, partial, parts, objective, optimizer, sums);
    } catch (error) {
      program.destroy();
      throw error;
    }
  }

  /** Bytes on the device. */
  get bytes(): number {
    return this.program.bytes + (this.partial?.bytes ?? 0);
  }

  /** Updates that the sums hold. */
  get summed(): number {
    return this.#updates;
  }

  /** Starts one update from as many micro-batches as the recipe has parts. Returns before the device is done, where it can. */
  run(batches: readonly Values[], at: AdamwStep): void {
    for (const [i, values] of batches.entries()) {
      const last = i === this.parts - 1, program = last ? this.program : this.partial!;
      program.write({
        ...values,
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
  trial(values: Values, lr: number): void {
    const given = { ...values, [keepSums]: 0, [keepNorm]: 0, [keepInput]: 0, ...this.optimizer.values({ step: 0, lr, emaDecay: 0 }) };
    this.program.write(takenBy(this.program, given));
    this.program.run();
  }

  /** Means since they were read last; waits for the device. The gradient's norm is the mean over updates. */
  async means(): Promise<Record<string, number>> {
    const means: Record<string, number> = {};
    for (const name of Object.keys(this.sums)) {
      means[name] = await this.program.readNumber(name) / (name === "gradNorm" ? this.#updates : this.#summed);
    }
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
    const raw = this.averaged ? Object.entries(this.objective.params).map(([name, t]) => [`weights.${name}`, t]) : [];
    return Object.fromEntries([...moments, ...sums, ...raw]);
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
    this.partial?.destroy();
    this.program.destroy();
  }
}
