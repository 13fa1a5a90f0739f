import { ShapeError } from "../errors.ts";
import { part, type Shape, type StartPart, state, type Tensor } from "../graph.ts";
import { type Initial, InitialDraws } from "./initial.ts";

/** What a table says of one parameter. */
export interface ParamSpec {
  shape: Shape;
  init: Initial;
  /** Whether weight decay acts on it. If absent: when it has more than one axis, as the official recipes have it. */
  decay?: boolean;
  /** Factor of the learning rate; 1 if absent. */
  lrScale?: number;
}

/** How a table becomes tensors. */
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
    const pack = state(`${name} ${number}`, [size], blank ? undefined : () => startParts(entries, seed));
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

function* startParts(entries: Entries, seed: number): Iterable<StartPart> {
  let offset = 0;
  for (const [name, spec] of entries) {
    yield { offset, values: startValuesOf(name, spec, seed) };
    offset += paddedSize(spec.shape);
  }
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
export function initialValues(name: string, spec: ParamSpec, seed: number): Float32Array {
  const values = startValuesOf(name, spec, seed);
  return values === spec.init ? values.slice() : values;
}

/** As `initialValues`, without a copy of given values. */
function startValuesOf(name: string, { shape, init }: ParamSpec, seed: number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  if (typeof init === "object") {
    if (init.length === size) return init instanceof Float32Array ? init : Float32Array.from(init);
    throw new ShapeError(`parameters: ${name} (${shape.join(", ")}) holds ${size} values, ${init.length} were given`);
  }
  const values = new Float32Array(size);
  if (typeof init === "number") return values.fill(init);
  const draws = new InitialDraws(seed, name);
  for (let i = 0; i < values.length; i++) values[i] = init(draws);
  return values;
}
