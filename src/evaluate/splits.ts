import { ShapeError } from "../errors.ts";
import { randomNumbers, shuffled } from "./random.ts";

/** Numbers of the pictures of each part, ascending; no picture is in two of them. */
export interface Splits {
  train: Uint32Array;
  validation: Uint32Array;
  test: Uint32Array;
}

export interface SplitOptions {
  seed: number;
  /** Share of every class that choices are made on; a fifth if absent. */
  validation?: number;
  /** Share of every class that results are reported on; a fifth if absent. */
  test?: number;
}

const PURPOSE = 0x5b117;

/**
 * Training, validation and test part of labelled pictures, class by class, so that each part has the classes in the set's proportions.
 * Every class leaves at least one picture to train on; pictures with a label below 0 are in no part.
 *
 * @throws ShapeError when a part would be empty.
 *
 * ```ts
 * const labels = Array.from({ length: 100 }, (_, i) => i % 5), { train, validation, test } = splits(labels, { seed: 1 });
 * console.assert(train.length === 60 && validation.length === 20 && test.length === 20);
 * ```
 */
export function splits(labels: ArrayLike<number>, { seed, validation = 0.2, test = 0.2 }: SplitOptions): Splits {
  const random = randomNumbers(seed, PURPOSE), parts: Record<keyof Splits, number[]> = { train: [], validation: [], test: [] };
  for (const [, members] of [...membersOf(labels)].sort(([a], [b]) => a - b)) {
    const order = shuffled(members, random), room = order.length - 1;
    const held = Math.min(Math.round(order.length * test), room), chosen = Math.min(Math.round(order.length * validation), room - held);
    parts.test.push(...order.slice(0, held));
    parts.validation.push(...order.slice(held, held + chosen));
    parts.train.push(...order.slice(held + chosen));
  }
  for (const [name, share] of [["validation", validation], ["test", test]] as const) {
    if (share > 0 && !parts[name].length) {
      throw new ShapeError(`splits: ${labels.length} pictures leave none for the ${name} part of ${share}; give more pictures per class`);
    }
  }
  const sorted = (list: number[]) => Uint32Array.from(list).sort();
  return { train: sorted(parts.train), validation: sorted(parts.validation), test: sorted(parts.test) };
}

/** A share of `rows`, class by class and at least one of each: "10 % of the labels". A larger share of the same seed contains a smaller one. */
export function labelledShare(labels: ArrayLike<number>, rows: ArrayLike<number>, share: number, seed: number): Uint32Array {
  const random = randomNumbers(seed, PURPOSE + 1), chosen: number[] = [];
  for (const [, members] of [...membersOf(labels, rows)].sort(([a], [b]) => a - b)) {
    chosen.push(...shuffled(members, random).slice(0, Math.max(1, Math.round(members.length * share))));
  }
  return Uint32Array.from(chosen).sort();
}

function membersOf(labels: ArrayLike<number>, rows: ArrayLike<number> = Array.from(labels, (_, i) => i)): Map<number, number[]> {
  const members = new Map<number, number[]>();
  for (let i = 0; i < rows.length; i++) {
    const label = labels[rows[i]];
    if (label < 0) continue;
    if (!members.has(label)) members.set(label, []);
    members.get(label)!.push(rows[i]);
  }
  return members;
}
