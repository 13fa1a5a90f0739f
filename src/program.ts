// A compiled graph: buffers placed, kernels built, ready to be run again and again.

import type { Device, DeviceBuffer, Place, Replay } from "./devices/device.ts";
import { DeviceError, ShapeError } from "./errors.ts";
import { bytesPerValue, type DType, type Numbers, overwrittenBy, startParts, storage, type Tensor } from "./graph.ts";
import { alignment, leastF16, type Plan, plan, type PlannedBuffer } from "./plan.ts";

/** How a graph is compiled. */
export interface CompileOptions {
  /** In-place updates (optimizer, running statistics) that a run performs though nobody reads them. */
  updates?: readonly Tensor[];
  /** A program on the same device whose states and scratch space this one uses: one set of weights for training and for evaluation. */
  share?: Program;
  /**
   * Keeps large values between the kernels in f16, which halves their memory and its traffic; inputs, states and outputs stay f32, and so
   * does arithmetic. What exceeds 65,504 becomes infinite. A number: for values of at least so many numbers, 4,096 otherwise.
   */
  f16?: boolean | number;
}

/**
 * Plans the graph behind `outputs`, allocates its buffers on `device` and builds its kernels.
 *
 * @throws LimitError when a tensor exceeds what the device allows; ShaderError when a kernel does not compile; DeviceError for f16 on a
 * device that has none.
 *
 * @example
 * ```ts
 * import { compile, input, linear, openDevice, state } from "../mod.ts";
 * const x = input("x", [2, 3]), w = state("w", [4, 3], () => new Float32Array(12).fill(1));
 * const program = await compile(await openDevice({ device: "cpu" }), { y: linear(x, w) });
 * program.write({ x: [1, 2, 3, 4, 5, 6] });
 * program.run();
 * console.log(await program.read("y")); // 6, 6, 6, 6, 15, 15, 15, 15
 * program.destroy();
 * ```
 */
export async function compile(
  device: Device,
  outputs: Record<string, Tensor>,
  { updates = [], share, f16 = false }: CompileOptions = {},
): Promise<Program> {
  if (f16 && !device.f16) {
    throw new DeviceError(`compile: ${device.description} cannot keep values in f16; leave f16 out, or open a GPU that has shader-f16`);
  }
  const planned = plan(Object.values(outputs), updates, device.limits, f16 === true ? leastF16 : f16 || Infinity);
  const states = share ? share.states.retain() : new States(device);
  const buffers = new Map<PlannedBuffer, DeviceBuffer>();
  try {
    for (const t of planned.states) states.buffer(t);
    for (const b of planned.buffers) {
      if (b.kind === "inputs" || b.kind === "output") buffers.set(b, device.allocate(b.name, b.bytes));
    }
    const scratch = states.scratch(planned.buffers.filter(({ kind }) => kind === "scratch"));
    const place = (t: Tensor): Place => {
      const { buffer, offset, bytes } = planned.slot(t);
      return { buffer: buffer.kind === "state" ? states.buffer(rootState(t)) : buffers.get(buffer) ?? scratch.get(buffer)!, offset, bytes };
    };
    const replay = await device.prepare(
      planned.nodes.map((node) => ({ node, place, wanted: planned.wanted, placed: planned.placed, f16: planned.f16 })),
    );
    return new Program(device, planned, outputs, place, buffers, states, replay);
  } catch (error) {
    for (const b of buffers.values()) b.destroy();
    states.release();
    throw error;
  }
}

/**
 * Compiles, runs and reads once: for exploring. Inputs are written by name.
 *
 * ```ts
 * import { evaluate, input, openDevice, softmax } from "../mod.ts";
 * const device = await openDevice({ device: "cpu", threads: 1 });
 * console.assert((await evaluate(device, softmax(input("x", [1, 2])), { x: [5, 5] })).join() === "0.5,0.5");
 * await device.destroy();
 * ```
 */
export async function evaluate(device: Device, tensor: Tensor, values: Record<string, ArrayLike<number>> = {}): Promise<Numbers> {
  const program = await compile(device, { value: tensor });
  try {
    program.write(values);
    program.run();
    return await program.read("value");
  } finally {
    program.destroy();
  }
}

/** A graph on a device, made by `compile()`: write inputs, run, read outputs, again and again. Destroy it to free its buffers. */
export class Program {
  #named = new Map<string, Tensor>();
  #uploads: { buffer: DeviceBuffer; mirror: Uint8Array; from: number; to: number }[] = [];
  #unwritten: Set<string>;

  /** Use `compile()`. */
  constructor(
    readonly device: Device,
    readonly plan: Plan,
    readonly outputs: Readonly<Record<string, Tensor>>,
    private readonly place: (t: Tensor) => Place,
    private readonly buffers: Map<PlannedBuffer, DeviceBuffer>,
    readonly states: States,
    private readonly replay: Replay,
  ) {
    for (const t of this.#leaves()) {
      const other = this.#named.get(t.name);
      if (other && other !== t && this.#isElsewhere(other, t)) {
        throw new ShapeError(`compile: two leaves are named ${t.name}, ${other} and ${t}; give them different names`);
      }
      this.#named.set(t.name, t);
    }
    this.#unwritten = new Set(plan.inputs.map((t) => t.name));
    for (const b of plan.buffers) {
      if (b.kind === "inputs") this.#uploads.push({ buffer: buffers.get(b)!, mirror: new Uint8Array(b.bytes), from: Infinity, to: 0 });
    }
  }

  /** Names of the inputs that `write` expects before the first run. */
  get inputs(): string[] {
    return this.plan.inputs.map((t) => t.name);
  }

  /** Bytes of every buffer of this program, its states included. */
  get bytes(): number {
    return this.plan.bytes;
  }

  /** Sets inputs for the next run, or states from now on. A number fills a tensor of one value; others must have the tensor's size. */
  write(values: Record<string, ArrayLike<number> | number>): void {
    for (const [name, given] of Object.entries(values)) {
      const t = this.#named.get(name);
      if (!t) {
        throw new ShapeError(
          `write: no input or state is named ${name}; this program has ${[...this.#named.keys()].slice(0, 12).join(", ")}`,
        );
      }
      const data = typeof given === "number" ? [given] : given;
      if (data.length !== t.size) throw new ShapeError(`write: ${t} holds ${t.size} values, ${data.length} were given`);
      this.#unwritten.delete(name);
      const { buffer, offset, bytes } = this.place(t);
      const upload = this.#uploads.find((u) => u.buffer === buffer);
      if (!upload) {
        this.device.write(buffer, offset, asArray(t.dtype, data));
        continue;
      }
      viewOf(t, upload.mirror.buffer as ArrayBuffer, offset).set(data);
      upload.from = Math.min(upload.from, offset);
      upload.to = Math.max(upload.to, offset + Math.ceil(bytes / 4) * 4);
    }
  }

  /** Starts one run: uploads what was written, then replays every kernel. Results are ready when `read` resolves. */
  run(): void {
    if (this.#unwritten.size) throw new ShapeError(`run: inputs never written: ${[...this.#unwritten].join(", ")}; write() them first`);
    for (const u of this.#uploads) {
      if (u.to > u.from) this.device.write(u.buffer, u.from, u.mirror.subarray(u.from, u.to));
      u.from = Infinity;
      u.to = 0;
    }
    this.replay.run();
  }

  /** Values of an output, input or state, by name or by tensor (a part of a state too), as a copy. */
  async read(what: string | Tensor): Promise<Numbers> {
    const t = typeof what === "string" ? this.outputs[what] ?? this.#named.get(what) : what;
    if (!t) throw new ShapeError(`read: nothing is named ${what}; outputs are ${Object.keys(this.outputs).join(", ")}`);
    return viewOf(t, await this.device.read(this.place(t)), 0);
  }

  /** The value of an output that holds one. */
  async readNumber(name: string): Promise<number> {
    const values = await this.read(name);
    if (values.length !== 1) throw new ShapeError(`readNumber: ${name} holds ${values.length} values; use read()`);
    return values[0];
  }

  /** The plan in words: inputs, launches with their shapes, buffers and bytes. */
  describe(): string {
    const buffers = this.plan.buffers.map((b, i) =>
      `${String(i).padStart(4)}  ${b.kind.padEnd(7)} ${String(b.bytes).padStart(12)}  ${b.name}`
    );
    const nodes = this.plan.nodes.map((n) => {
      const parts = Object.entries(n.outputs).map(([name, t]) =>
        `${name} (${t.shape.join(", ")})${this.plan.f16(t) ? " f16" : ""} in ${this.plan.buffers.indexOf(this.plan.slot(t).buffer)}`
      );
      return `${String(n.id).padStart(6)}  ${n.op.name.padEnd(24)} ${parts.join(", ")}`;
    });
    const total = `${this.plan.bytes} bytes planned, ${this.plan.unsharedBytes} without sharing`;
    return [`device  ${this.device.description}`, "buffers", ...buffers, "nodes", ...nodes, "launches", ...this.replay.describe(), total]
      .join("\n");
  }

  /** Milliseconds of each launch of one more run; null where the device cannot tell. */
  time(): Promise<{ label: string; ms: number }[] | null> {
    return this.replay.time();
  }

  /** Frees everything that this program owns; states and scratch space stay while another program shares them. */
  destroy(): void {
    this.replay.destroy();
    for (const b of this.buffers.values()) b.destroy();
    this.buffers.clear();
    this.states.release();
  }

  *#leaves(): Iterable<Tensor> {
    yield* this.plan.inputs;
    for (const t of this.plan.states) if (!t.leaf!.fixed) yield t;
    for (const n of this.plan.nodes) {
      for (const t of Object.values(n.inputs)) if (t.view && storage(t).root.leaf && t.name !== storage(t).root.name) yield t;
    }
  }

  #isElsewhere(a: Tensor, b: Tensor): boolean {
    const p = this.place(a), q = this.place(b);
    return p.buffer !== q.buffer || p.offset !== q.offset || p.bytes !== q.bytes;
  }
}

/** What programs share on one device, counted by them: buffers of states, and of what lives no longer than a run. */
class States {
  #buffers = new Map<Tensor, DeviceBuffer>();
  /** By the layout of a pack, "" of what is none. */
  #scratch = new Map<string, DeviceBuffer[]>();
  #users = 1;

  constructor(private readonly device: Device) {}

  buffer(t: Tensor): DeviceBuffer {
    let buffer = this.#buffers.get(t);
    if (!buffer) {
      buffer = this.device.allocate(t.name, Math.ceil(t.bytes / alignment) * alignment);
      this.#buffers.set(t, buffer);
      for (const { offset, values } of startParts(t)) this.device.write(buffer, offset * bytesPerValue[t.dtype], asArray(t.dtype, values));
    }
    return buffer;
  }

  /** A buffer for each of these: one that is there, as programs run one after the other, or a new one where none is left that is as large. */
  scratch(wanted: PlannedBuffer[]): Map<PlannedBuffer, DeviceBuffer> {
    const given = new Map<PlannedBuffer, DeviceBuffer>();
    for (const [layout, of] of Map.groupBy(wanted, ({ layout = "" }) => layout)) {
      const there = this.#scratch.get(layout) ?? [], free = there.toSorted((a, b) => b.bytes - a.bytes);
      this.#scratch.set(layout, there);
      for (const b of of.toSorted((a, b) => b.bytes - a.bytes)) {
        const fits = free.length && free[0].bytes >= b.bytes ? free.shift() : undefined;
        if (!fits) there.push(this.device.allocate(b.name, b.bytes));
        given.set(b, fits ?? there.at(-1)!);
      }
    }
    return given;
  }

  retain(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users > 0) return;
    for (const b of [...this.#buffers.values(), ...[...this.#scratch.values()].flat()]) b.destroy();
    this.#buffers.clear();
    this.#scratch.clear();
  }
}

/** The state whose buffer holds `t`, through views and in-place updates. */
function rootState(t: Tensor): Tensor {
  const { root } = storage(t);
  const overwritten = overwrittenBy(root);
  return overwritten ? rootState(overwritten) : root;
}

function asArray(dtype: DType, data: ArrayLike<number>): Numbers {
  if (dtype === "f32") return data instanceof Float32Array ? data : Float32Array.from(data);
  if (dtype === "u32") return data instanceof Uint32Array ? data : Uint32Array.from(data);
  const padded = new Uint8Array(Math.ceil(data.length / 4) * 4);
  padded.set(data);
  return padded;
}

function viewOf(t: Tensor, buffer: ArrayBuffer, offset: number): Float32Array | Uint32Array | Uint8Array {
  return t.dtype === "f32"
    ? new Float32Array(buffer, offset, t.size)
    : t.dtype === "u32"
    ? new Uint32Array(buffer, offset, t.size)
    : new Uint8Array(buffer, offset, t.size);
}
