import { ShapeError } from "../errors.ts";
import { part, type Shape, state, type Tensor } from "../graph.ts";
import { type Initial, InitialDraws } from "./initial.ts";

export interface ParamSpec {
  shape: Shape;
  init: Initial;
  /** Whether weight decay acts on it. If absent: when it has more than one axis, as the official recipes have it. */
  decay?: boolean;
  /** Factor of the learning rate; 1 if absent. */
  lrScale?: number;
}

export interface ParametersOptions {
  /** Start values depend on it and on the parameter's name alone. */
  seed?: number;
  /** Begins the names of the packs; two sets of parameters in one program need different ones. */
  name?: string;
  /** Largest pack in bytes. */
  packBytes?: number;
  /** All start as zeros, to be written from a checkpoint: the host makes no start values. */
  blank?: boolean;
}

/** Parameters begin at multiples of this many values: 256 bytes, WebGPU's default alignment of bindings. */
const alignment = 64;

const paddedSize = (shape: Shape) => Math.ceil(shape.reduce((a, b) => a * b, 1) / alignment) * alignment;

/**
 * States for every parameter of a table, in its order. They lie side by side in packs of at most 128 MiB (WebGPU's default limit of a
 * binding; a larger parameter has a pack alone), so that the optimizer needs one launch a pack.
 *
 * @example
 * ```ts
 * import { parameters, truncatedNormalInitial } from "../../mod.ts";
 * const p = parameters({
 *   "head.weight": { shape: [10, 64], init: truncatedNormalInitial(0.02, 2) },
 *   "head.bias": { shape: [10], init: 0 },
 * });
 * console.log(p["head.weight"].shape); // [10, 64]
 * ```
 */
export function parameters<Name extends string>(
  table: Record<Name, ParamSpec>,
  { seed = 0, name = "parameters", packBytes = 128 * 2 ** 20, blank = false }: ParametersOptions = {},
): Record<Name, Tensor> {
  const packs = packsOf(Object.entries<ParamSpec>(table), packBytes);
  const views = packs.flatMap((entries, number) => {
    const size = entries.reduce((sum, [, { shape }]) => sum + paddedSize(shape), 0);
    const pack = state(`${name} ${number}`, [size], blank ? undefined : () => startValues(entries, size, seed));
    let offset = 0;
    return entries.map(([key, { shape }]) => {
      const view = part(pack, offset, shape, key);
      offset += paddedSize(shape);
      return [key, view] as const;
    });
  });
  return Object.fromEntries(views) as Record<Name, Tensor>;
}

type Entries = [string, ParamSpec][];

function packsOf(entries: Entries, packBytes: number): Entries[] {
  const packs: Entries[] = [];
  let room = 0;
  for (const entry of entries) {
    const bytes = 4 * paddedSize(entry[1].shape);
    if (bytes > room) {
      packs.push([]);
      room = Math.max(bytes, packBytes);
    }
    packs[packs.length - 1].push(entry);
    room -= bytes;
  }
  return packs;
}

function startValues(entries: Entries, size: number, seed: number): Float32Array {
  const values = new Float32Array(size);
  let offset = 0;
  for (const [name, spec] of entries) {
    values.set(initialValues(name, spec, seed), offset);
    offset += paddedSize(spec.shape);
  }
  return values;
}

/**
 * Start values of one parameter. @throws ShapeError when given values have another size.
 *
 * ```ts
 * import { initialValues, truncatedNormalInitial } from "../../mod.ts";
 * const values = initialValues("head.weight", { shape: [10, 64], init: truncatedNormalInitial(0.02, 2) }, 0);
 * console.assert(values.length === 640 && values.join() === initialValues("head.weight", { shape: [10, 64], init: truncatedNormalInitial(0.02, 2) }, 0).join());
 * ```
 */
export function initialValues(name: string, { shape, init }: ParamSpec, seed: number): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  if (typeof init === "number") return values.fill(init);
  if (typeof init !== "function") {
    if (init.length !== values.length) {
      throw new ShapeError(`parameters: ${name} (${shape.join(", ")}) holds ${values.length} values, ${init.length} were given`);
    }
    values.set(init);
    return values;
  }
  const draws = new InitialDraws(seed, name);
  for (let i = 0; i < values.length; i++) values[i] = init(draws);
  return values;
}
