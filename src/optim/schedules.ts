// Values that follow the step: learning rate, decay, temperature. A schedule is a function of the step number, counted from 0;
// what it gives is written to the program as data.

import { RecipeError } from "../errors.ts";

/** A value, such as the learning rate, for each step from 0. */
export type Schedule = (step: number) => number;

export interface ScheduleOptions {
  /** Value after the warm-up. */
  base: number;
  /** Value towards which it goes. */
  final?: number;
  /** Number of steps, warm-up included; the value stays final afterwards. */
  steps: number;
  /** Steps of linear warm-up: the first has `start`, the last has `base`. */
  warmup?: number;
  start?: number;
}

/**
 * `base` at every step after the warm-up.
 *
 * ```ts
 * import { constantSchedule } from "../../mod.ts";
 * console.assert(constantSchedule({ base: 0.1 })(7) === 0.1);
 * ```
 */
export function constantSchedule({ base, warmup = 0, start = 0 }: Omit<ScheduleOptions, "final" | "steps">): Schedule {
  return (step) => step < warmup ? warm(step, base, warmup, start) : base;
}

/**
 * From base to final along half a cosine: final + (base - final) (1 + cos(pi i / n)) / 2 at step i of the n after the warm-up, as
 * BEiT's cosine_scheduler. The last step is one short of final.
 *
 * ```ts
 * import { cosineSchedule } from "../../mod.ts";
 * console.assert(cosineSchedule({ base: 1, final: 0, steps: 100 })(50) === 0.5);
 * ```
 */
export function cosineSchedule(options: ScheduleOptions): Schedule {
  return after(options, (share, base, final) => final + 0.5 * (base - final) * (1 + Math.cos(Math.PI * share)));
}

/**
 * From base to final along a straight line.
 *
 * ```ts
 * import { linearSchedule } from "../../mod.ts";
 * console.assert(linearSchedule({ base: 1, final: 0, steps: 100 })(50) === 0.5);
 * ```
 */
export function linearSchedule(options: ScheduleOptions): Schedule {
  return after(options, (share, base, final) => base + (final - base) * share);
}

/**
 * From base to final by the same factor each step; both must be above 0.
 *
 * ```ts
 * import { exponentialSchedule } from "../../mod.ts";
 * console.assert(exponentialSchedule({ base: 1, final: 0.01, steps: 100 })(50) === 0.1);
 * ```
 */
export function exponentialSchedule(options: ScheduleOptions & { final: number }): Schedule {
  if (!(options.base > 0 && options.final > 0)) {
    throw new RecipeError(
      `exponentialSchedule: base ${options.base} and final ${options.final} must both be above 0; use linearSchedule()`,
    );
  }
  return after(options, (share, base, final) => base * (final / base) ** share);
}

function after(
  { base, final = 0, steps, warmup = 0, start = 0 }: ScheduleOptions,
  curve: (share: number, base: number, final: number) => number,
): Schedule {
  if (!(warmup >= 0 && warmup <= steps)) {
    throw new RecipeError(`schedule: ${warmup} steps of warm-up do not fit in ${steps} steps; the warm-up is part of them`);
  }
  return (step) =>
    step < warmup ? warm(step, base, warmup, start) : step >= steps ? final : curve((step - warmup) / (steps - warmup), base, final);
}

/** numpy.linspace(start, base, warmup)[step]. */
function warm(step: number, base: number, warmup: number, start: number): number {
  return warmup === 1 ? start : start + (base - start) * step / (warmup - 1);
}
