import { CheckpointError } from "../../errors.ts";
import type { StoredTensors } from "./convert.ts";

export interface Wanted {
  /** Shape of every tensor of the model. */
  shapes: Readonly<Record<string, readonly number[]>>;
  /** Names that may be missing (a head that starts anew), and that may be left over. */
  mayMiss?: RegExp;
  mayRemain?: RegExp;
}

/**
 * Throws CheckpointError unless the checkpoint has what the model needs, in its shapes, and nothing else; the message counts and names
 * (the first three of each) what is missing, unexpected and misshapen.
 */
export function expectTensors(tensors: StoredTensors, { shapes, mayMiss, mayRemain }: Wanted, file: string): void {
  const missing = Object.keys(shapes).filter((name) => !tensors.has(name) && !mayMiss?.test(name));
  const unexpected = [...tensors.keys()].filter((name) => !Object.hasOwn(shapes, name) && !mayRemain?.test(name));
  const misshapen = Object.entries(shapes).flatMap(([name, shape]) => {
    const stored = tensors.get(name)?.shape;
    return !stored || String(stored) === String(shape) ? [] : [`${name} (${stored.join(", ")}), expected (${shape.join(", ")})`];
  });
  const faults = Object.entries({ missing, unexpected, misshapen }).filter(([, names]) => names.length)
    .map(([fault, names]) =>
      `${names.length} ${fault} (${names.slice(0, 3).join(fault === "misshapen" ? "; " : ", ")}${names.length > 3 ? ", ..." : ""})`
    );
  if (faults.length) {
    throw new CheckpointError(`${file}: ${faults.join(", ")}; give the weights of this model, or the model of these weights`);
  }
}
