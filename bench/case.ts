// What a bench file contributes: graphs to time, with the work that one run does.

import type { Tensor } from "../src/graph.ts";
import type { Program } from "../src/program.ts";

export interface Case {
  name: string;
  shape: string;
  build(): Record<string, Tensor>;
  /** Whether values between the kernels lie in f16. */
  f16?: boolean;
  /** Floating-point operations of one run, for what arithmetic bounds; */
  flops?: number;
  /** bytes read and written, for what memory bounds. */
  bytes?: number;
  /** Pictures of one run, of a whole model. */
  pictures?: number;
  /** Values for inputs that ordinary numbers would not suit. */
  values?: Record<string, (i: number) => number>;
}

/** A model whose largest batch on a device is looked for. */
export interface Growing {
  name: string;
  at(batch: number): Case;
}

/** Whether a word of the command line means the case. */
export const isNamed = ({ name, shape }: Case, word: string) => `${name} ${shape}`.includes(word);

/** Inputs for a case: small numbers of both signs unless it says otherwise. */
export function written(program: Program, { values = {} }: Case): Record<string, ArrayLike<number>> {
  return Object.fromEntries(program.plan.inputs.map((t) => {
    const value = values[t.name] ?? ((i: number) => ((i * 7919) % 2001 - 1000) / 1000);
    return [t.name, Float32Array.from({ length: t.size }, (_, i) => value(i))];
  }));
}
