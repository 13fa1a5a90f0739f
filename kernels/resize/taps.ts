// Which values of an axis make each value of the resized axis, and with what weights: torch's rules with align_corners false and
// no antialiasing. The gradient has the same form, with sources and results exchanged.

import { constant, type Tensor } from "../../src/graph.ts";

export type ResizeMode = "bilinear" | "bicubic" | "average";

/** The taps of a resized axis as tensors: those of output o are numbers starts[o] to starts[o + 1] - 1. */
export interface Taps {
  outputs: number;
  starts: Tensor;
  sources: Tensor;
  weights: Tensor;
}

/** For each output the weight of each source. */
type Rows = Map<number, number>[];

const known = new Map<string, { forward: Taps; backward: Taps }>();

/** Taps from an axis of `size` to one of `outputs`, and those of the gradient. The same tensors each time: a program holds them once. */
export function tapsOf(mode: ResizeMode, size: number, outputs: number): { forward: Taps; backward: Taps } {
  const name = `${mode} ${size} to ${outputs}`;
  let taps = known.get(name);
  if (!taps) {
    const rows = rowsOf[mode](size, outputs);
    const columns: Rows = Array.from({ length: size }, () => new Map());
    rows.forEach((row, o) => row.forEach((weight, source) => columns[source].set(o, weight)));
    known.set(name, taps = { forward: tensors(name, rows), backward: tensors(`${name} gradient`, columns) });
  }
  return taps;
}

function tensors(name: string, rows: Rows): Taps {
  const sources = rows.flatMap((row) => [...row.keys()]), weights = rows.flatMap((row) => [...row.values()]);
  const starts = [0];
  for (const row of rows) starts.push(starts[starts.length - 1] + row.size);
  return {
    outputs: rows.length,
    starts: constant(`${name} starts`, [starts.length], starts, "u32"),
    sources: constant(`${name} sources`, [sources.length], sources, "u32"),
    weights: constant(`${name} weights`, [weights.length], weights),
  };
}

const rowsOf: Record<ResizeMode, (size: number, outputs: number) => Rows> = {
  bilinear: (size, outputs) => interpolated(size, outputs, 0, (t) => [1 - t, t]),
  bicubic: (size, outputs) => interpolated(size, outputs, -1, (t) => [far(t + 1), near(t), near(1 - t), far(2 - t)]),
  average: (size, outputs) =>
    Array.from({ length: outputs }, (_, o) => {
      const from = Math.floor(o * size / outputs), to = Math.ceil((o + 1) * size / outputs);
      return new Map(Array.from({ length: to - from }, (_, i) => [from + i, 1 / (to - from)]));
    }),
};

/** Taps around the place of each output; beyond the ends the last value counts again. */
function interpolated(size: number, outputs: number, first: number, weightsAt: (t: number) => number[]): Rows {
  return Array.from({ length: outputs }, (_, o) => {
    const place = (o + 0.5) * size / outputs - 0.5, left = Math.floor(place), row = new Map<number, number>();
    weightsAt(place - left).forEach((weight, i) => {
      const source = Math.min(size - 1, Math.max(0, left + first + i));
      row.set(source, (row.get(source) ?? 0) + weight);
    });
    return row;
  });
}

/** Keys' cubic convolution with torch's A: within one pixel, and from one to two pixels. */
const A = -0.75;
const near = (t: number) => ((A + 2) * t - (A + 3)) * t * t + 1;
const far = (t: number) => ((A * t - 5 * A) * t + 8 * A) * t - 4 * A;
