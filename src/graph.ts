// The graph: tensors, the ops that make them, and how an op is defined. Nothing here computes; `plan.ts` orders
// the nodes, `program.ts` runs them, `interpret.ts` evaluates them with the ops' references.

import { ShapeError } from "./errors.ts";
import type { CpuKernels } from "./devices/cpu/kernels.ts";

export type { CpuKernels };

/** Sides of a tensor, outermost first; [] is a single value. */
export type Shape = readonly number[];

/** f32 and u32 are what WGSL computes with; u8 is for pictures as they are uploaded (four values a u32 in WGSL). */
export type DType = "f32" | "u32" | "u8";

/** Host values of a tensor. References compute in `Float64Array` and may return it for an f32 tensor. */
export type Numbers = Float32Array | Float64Array | Uint32Array | Uint8Array;

export const bytesPerValue: Record<DType, number> = { f32: 4, u32: 4, u8: 1 };

/** All values of a state; or parts of it, one after the other, so that the host never holds all: what no part gives is zero. */
export type StartValues = ArrayLike<number> | Iterable<StartPart>;

/** Values from the `offset`-th on. */
export interface StartPart {
  offset: number;
  values: ArrayLike<number>;
}

/** How a leaf gets its values: `input` is written before a run, `state` lives on the device from run to run. */
export interface Leaf {
  kind: "input" | "state";
  /** Start values of a state; zeros if absent. */
  init?: () => StartValues;
  /** A constant: never written or read by name, so many may share one. */
  fixed?: boolean;
}

/** A value of the graph: shape, dtype and where it comes from (a leaf, a view of another tensor, or a node). */
export class Tensor {
  static #count = 0;
  /** Order of creation: makers before users, so it is a topological order. */
  readonly id: number = Tensor.#count++;
  readonly size: number;

  constructor(
    public name: string,
    readonly shape: Shape,
    readonly dtype: DType,
    readonly maker: Node | null = null,
    readonly leaf: Leaf | null = null,
    /** The same values under another shape, or (of a leaf) a part of them: `offset` counts values. */
    readonly view: { of: Tensor; offset: number } | null = null,
  ) {
    for (const side of shape) {
      if (!Number.isInteger(side) || side < 1) {
        throw new ShapeError(`${name}: shape (${shape.join(", ")}) has a side of ${side}; every side must be a positive integer`);
      }
    }
    this.size = shape.reduce((a, b) => a * b, 1);
  }

  /** The same tensor under a name that errors, `describe()` and checkpoints show. */
  as(name: string): this {
    this.name = name;
    return this;
  }

  get bytes(): number {
    return this.size * bytesPerValue[this.dtype];
  }

  toString(): string {
    return `${this.name} (${this.shape.join(", ")})${this.dtype === "f32" ? "" : " " + this.dtype}`;
  }
}

/** One use of an op. */
export interface Node {
  readonly id: number;
  readonly op: OpSpec;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly attributes: unknown;
}

/**
 * A value that the caller writes before each run (or keeps from the run before).
 *
 * ```ts
 * import { add, constant, evaluate, input, openDevice } from "../mod.ts";
 * const x = input("x", [2]), device = await openDevice({ device: "cpu", threads: 1 });
 * console.assert((await evaluate(device, add(x, constant("one", [1], [1])), { x: [1, 2] })).join() === "2,3");
 * await device.destroy();
 * ```
 */
export function input(name: string, shape: Shape, dtype: DType = "f32"): Tensor {
  return new Tensor(name, shape, dtype, null, { kind: "input" });
}

/**
 * A value that stays on the device: a parameter, a moment, a constant table. `init` gives its start values (zeros if absent).
 *
 * ```ts
 * import { interpret, state, sum } from "../mod.ts";
 * const w = state("w", [3], () => [1, 2, 3]); // on a device it keeps what updates make of it; see adamw()
 * console.assert(interpret([sum(w)])[0].join() === "6");
 * ```
 */
export function state(name: string, shape: Shape, init?: () => StartValues, dtype: DType = "f32"): Tensor {
  return new Tensor(name, shape, dtype, null, { kind: "state", init });
}

/** The start values of a leaf, part by part. Throws ShapeError for more or fewer than it holds. */
export function* startParts(t: Tensor): Iterable<StartPart> {
  const given = t.leaf?.init?.() ?? [], whole = "length" in given;
  if (whole && !given.length) return;
  for (const { offset, values } of whole ? [{ offset: 0, values: given }] : given) {
    if (whole ? values.length !== t.size : offset + values.length > t.size) {
      throw new ShapeError(
        `${t.name}: ${t} holds ${t.size} values, ${values.length} were given${offset ? ` from the ${offset}th on` : ""}`,
      );
    }
    yield { offset, values };
  }
}

/** The start values of a leaf as one array; zeros where none are given. */
export function startValues(t: Tensor): Float64Array {
  const all = new Float64Array(t.size);
  for (const { offset, values } of startParts(t)) all.set(values, offset);
  return all;
}

/**
 * A state with given values that nothing updates.
 *
 * ```ts
 * import { constant, interpret, multiply } from "../mod.ts";
 * const [y] = interpret([multiply(constant("x", [3], [1, 2, 3]), constant("two", [1], [2]))]);
 * console.assert(y.join() === "2,4,6");
 * ```
 */
export function constant(name: string, shape: Shape, values: ArrayLike<number>, dtype: DType = "f32"): Tensor {
  const t = new Tensor(name, shape, dtype, null, { kind: "state", init: () => values, fixed: true });
  if (t.size !== values.length) throw new ShapeError(`constant: ${t} holds ${t.size} values, ${values.length} were given`);
  return t;
}

/**
 * The same values under another shape; one side may be -1 and is then found from the others. Costs nothing at run time.
 *
 * ```ts
 * import { constant, interpret, reshape, sum } from "../mod.ts";
 * const [y] = interpret([sum(reshape(constant("x", [4], [1, 2, 3, 4]), [2, 2]), [1])]);
 * console.assert(y.join() === "3,7");
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((a, b) => b === -1 ? a : a * b, 1);
  const full = shape.map((side) => side === -1 ? x.size / known : side);
  if (full.reduce((a, b) => a * b, 1) !== x.size || shape.filter((side) => side === -1).length > 1) {
    throw new ShapeError(`reshape: ${x} holds ${x.size} values, (${shape.join(", ")}) does not; the products must agree`);
  }
  return new Tensor(x.name, full, x.dtype, null, null, { of: x, offset: 0 });
}

/** Part of a leaf as a tensor of its own: how parameters live side by side in a pack. `offset` counts values. */
export function part(pack: Tensor, offset: number, shape: Shape, name: string): Tensor {
  if (!pack.leaf) throw new ShapeError(`part: ${pack} is not a leaf; use slice()`);
  const t = new Tensor(name, shape, pack.dtype, null, null, { of: pack, offset });
  if (offset < 0 || offset + t.size > pack.size) throw new ShapeError(`part: ${t} at ${offset} does not lie inside ${pack}`);
  return t;
}

/** The tensor whose buffer holds `t`, and where in it (in values). */
export function storage(t: Tensor): { root: Tensor; offset: number } {
  let root = t, offset = 0;
  while (root.view) {
    offset += root.view.offset;
    root = root.view.of;
  }
  return { root, offset };
}

/** Every node that `wanted` depends on, in order of creation: makers before users. */
export function makers(wanted: readonly Tensor[]): Node[] {
  const found = new Set<Node>();
  const stack = wanted.map((t) => storage(t).root);
  while (stack.length) {
    const node = stack.pop()!.maker;
    if (!node || found.has(node)) continue;
    found.add(node);
    for (const t of Object.values(node.inputs)) stack.push(storage(t).root);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** The tensor that `t` overwrites in place, if an update made it. */
export function overwrittenBy(t: Tensor): Tensor | undefined {
  if (!t.maker) return undefined;
  const entry = Object.entries(t.maker.op.updates ?? {}).find(([output]) => t.maker!.outputs[output] === t);
  return entry && t.maker.inputs[entry[1] as string];
}

// ---------------------------------------------------------------- ops

export type Tensors = Record<string, Tensor | undefined>;
type Given<I extends Tensors> = { [K in keyof I]: I[K] };
/** Inputs and outputs of a node by name, as an op's functions receive them. */
export type Parts<I extends Tensors, O extends string> = Given<I> & Record<O, Tensor>;
/** Upstream gradients by `d` + output name; undefined where nothing depends on that output. */
export type Upstream<O extends string> = { [K in O as `d${K}`]: Tensor | undefined };

/** One dispatch of a WGSL kernel. Buffers are bound by name: a binding `x` takes the node's tensor `x`, unless `bind` renames it. */
export interface Launch {
  /** Shown by `describe()`, the trace and shader errors, for example "layer_norm/forward". */
  label: string;
  wgsl: string;
  dims: Record<string, number>;
  overrides?: Record<string, number>;
  /** One number is spread over x and y when it exceeds the device's limit of a dimension: such kernels compute the group's number from both. */
  workgroups: number | readonly [number, number, number];
  bind?: Record<string, string>;
  /** Arrays in the kernel's workgroup memory that are to lie in f16. */
  f16?: readonly string[];
}

/** Ways to launch the same work; the device's tuner measures them once and remembers the fastest under `key`. */
export interface Choice {
  /** What the answer depends on besides the adapter, for example "matmul NT 788x768x768". */
  key: string;
  /** Taken where measuring is off or not worth it. */
  preferred: string;
  /** Floating-point operations or bytes, whichever bounds the work: small work is not measured. */
  work: number;
  options: Record<string, Launch[]>;
}

/** What an op may ask about the device while it chooses its launches. */
export interface LaunchContext {
  /** True on adapters that run shaders on the CPU (llvmpipe, SwiftShader): they want large register tiles and no workgroup memory. */
  readonly software: boolean;
  readonly maxWorkgroupsPerDimension: number;
  readonly maxWorkgroupBytes: number;
  /** Whether an input or an output lies in f16. */
  readonly f16: boolean;
  /** Whether kernels may use subgroup operations. */
  readonly subgroups: boolean;
  /** Whether any other node, or the caller, reads this output. */
  wanted(output: string): boolean;
  /** Whether this input was made in its place of the output already (see `OpSpec.places`). */
  placed(input: string): boolean;
}

/** A tensor of the CPU device: where it lies in WASM memory, and a view of it. */
export interface CpuTensor<T extends Numbers = Float32Array> {
  pointer: number;
  data: T;
  shape: Shape;
  size: number;
  /**
   * Room for something made of these values (of one size at each use of the tensor), made again when they have changed; absent where they
   * change with every run, undefined where there is no more room.
   */
  prepared?(bytes: number, make: (pointer: number) => void): number | undefined;
}

/** An op: shape rule, launches, gradient and reference. See `docs/add-an-op.md`. */
// deno-lint-ignore no-explicit-any
export interface OpSpec<I extends Tensors = any, O extends string = any, A = any> {
  readonly name: string;
  /** Shape (and dtype, f32 if not said) of every output; throws ShapeError when the inputs do not fit together. */
  outputs(inputs: I, attributes: A): Record<O, Shape | { shape: Shape; dtype: DType }>;
  launches(tensors: Parts<I, O>, attributes: A, context: LaunchContext): Launch[] | Choice;
  /** Gradients of the inputs as new tensors of the graph; null for ops without one (backward ops, argmax). */
  backward: ((tensors: Parts<I, O>, upstream: Upstream<O>, attributes: A) => { [K in keyof I]?: Tensor }) | null;
  /** True where making the outputs costs a pass or two over memory: backward makes them again from the inputs instead of keeping them. */
  readonly cheap?: boolean;
  /** Optional input that is added to the first output in the same launch: gradients() gives it the sum of what came before. */
  readonly adds?: keyof I & string;
  /** The slow and obvious version, in plain loops. Never changes its inputs. */
  // deno-lint-ignore no-explicit-any
  reference(data: { [K in keyof I]: any }, tensors: Parts<I, O>, attributes: A): Record<O, Numbers>;
  /** The CPU device's version, where it is worth more than the reference. Writes every output (in place over the input that `updates` names). */
  cpu?(data: { [K in keyof I | O]: CpuTensor }, attributes: A, kernels: CpuKernels, tensors: Parts<I, O>): void;
  /**
   * Outputs that a program compiled with `f16` may keep in two bytes a value: activations and their gradients, never sums,
   * statistics or losses, nor what a kernel stores on the way to its result. Kernels stay as they are: the device converts each access.
   */
  readonly f16?: readonly O[];
  /** Outputs that overwrite the storage of a state (or of an update before): { output: input }. */
  readonly updates?: Partial<Record<O, keyof I & string>>;
  /**
   * For an op that lays its inputs side by side: where each goes in output `y`, in values. The planner then lets the makers write
   * there directly where it can; the launches copy only the inputs for which `context.placed` is false. Gaps stay zero.
   */
  places?(inputs: I, attributes: A): Record<string, number>;
}

let nodes = 0;

/**
 * Turns an op's description into a function from tensors to tensors. Calling it computes nothing.
 *
 * ```ts
 * import { constant, defineOp, interpret, type Tensor } from "../mod.ts";
 * const negate = (x: Tensor): Tensor => op({ x }, {}).y;
 * const op = defineOp<{ x: Tensor }, "y">({
 *   name: "negate",
 *   outputs: ({ x }) => ({ y: x.shape }),
 *   launches: ({ x }) => [{
 *     label: "negate",
 *     wgsl: `struct Dims { N: u32 }
 *       @group(0) @binding(0) var<uniform> dims: Dims;
 *       @group(0) @binding(1) var<storage, read> x: array<f32>; // (N)
 *       @group(0) @binding(2) var<storage, read_write> y: array<f32>; // (N)
 *       @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
 *         if (id.x < dims.N) { y[id.x] = -x[id.x]; }
 *       }`,
 *     dims: { N: x.size },
 *     workgroups: Math.ceil(x.size / 64),
 *   }],
 *   backward: (_, { dy }) => ({ x: negate(dy!) }),
 *   reference: ({ x }) => ({ y: x.map((value: number) => -value) }),
 * });
 * console.assert(interpret([negate(constant("x", [2], [1, 2]))])[0].join() === "-1,-2");
 * ```
 */
export function defineOp<I extends Tensors, O extends string, A = Record<never, never>>(
  spec: OpSpec<I, O, A>,
): (inputs: I, attributes: A) => Record<O, Tensor> {
  return (inputs, attributes) => apply(spec, inputs, attributes) as Record<O, Tensor>;
}

/** A new node of the graph. */
export function apply(op: OpSpec, given: Tensors, attributes: unknown): Record<string, Tensor> {
  const inputs = Object.fromEntries(Object.entries(given).filter(([, t]) => t !== undefined)) as Record<string, Tensor>;
  const outputs: Record<string, Tensor> = {};
  const node: Node = { id: nodes++, op, inputs, outputs, attributes };
  for (const [name, wanted] of Object.entries(op.outputs(given, attributes))) {
    const { shape, dtype } = Array.isArray(wanted) ? { shape: wanted, dtype: "f32" as const } : wanted as { shape: Shape; dtype: DType };
    outputs[name] = new Tensor(`${op.name}.${name}`, shape, dtype, node);
  }
  for (const [output, overwritten] of Object.entries(op.updates ?? {})) {
    const { root } = storage(inputs[overwritten as string]);
    if (root.leaf?.kind !== "state" && !overwrittenBy(root)) {
      throw new ShapeError(`${op.name}: ${output} updates ${root} in place, which is not a state; make it with state()`);
    }
  }
  return outputs;
}
