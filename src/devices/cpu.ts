// The CPU as a device: the same graph without any driver. Ops run their `cpu` version on WASM SIMD kernels and threads, or
// their reference where that is enough.

import { DeviceLostError, LimitError } from "../errors.ts";
import { bytesPerValue, type CpuTensor, type Numbers, storage, type Tensor } from "../graph.ts";
import type { PlanLimits } from "../plan.ts";
import { CpuKernels } from "./cpu/kernels.ts";
import type { Device, DeviceBuffer, Place, Replay, Step } from "./device.ts";

export interface CpuOptions {
  /** Threads of the WASM kernels; all cores if absent. */
  threads?: number;
  /** False: memory that no other thread can see, as in a page that is not cross-origin isolated. */
  shared?: boolean;
  /** Matrix products on a BLAS of the system: true for the one that is found, or its path. Off unless asked for. */
  blas?: boolean | string;
}

export class CpuDevice implements Device {
  readonly kind = "cpu";
  readonly f16 = false;
  readonly limits: PlanLimits = { maxBindingBytes: 2 ** 31 - 1, maxBufferBytes: 2 ** 31 - 1 };
  readonly lost: Promise<DeviceLostError>;
  #lose!: (error: DeviceLostError) => void;
  #gone: DeviceLostError | null = null;

  static async open(options: CpuOptions = {}): Promise<CpuDevice> {
    return new CpuDevice(await CpuKernels.open(options));
  }

  private constructor(readonly kernels: CpuKernels) {
    this.lost = new Promise((resolve) => this.#lose = resolve);
  }

  get description(): string {
    return `CPU, ${this.kernels.description}`;
  }

  allocate(_label: string, bytes: number): CpuBuffer {
    this.#check();
    return new CpuBuffer(this.kernels, this.kernels.allocate(bytes), bytes);
  }

  write(buffer: DeviceBuffer, offset: number, data: Numbers): void {
    this.#check();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    (buffer as CpuBuffer).version++;
    this.kernels.u8((buffer as CpuBuffer).pointer + offset, bytes.length).set(bytes);
  }

  read({ buffer, offset, bytes }: Place): Promise<ArrayBuffer> {
    this.#check();
    return Promise.resolve(new Uint8Array(this.kernels.u8((buffer as CpuBuffer).pointer + offset, bytes)).buffer);
  }

  prepare(steps: Step[]): Promise<Replay> {
    this.#check();
    return Promise.resolve(new CpuReplay(this.kernels, steps, () => this.#check()));
  }

  idle(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    if (!this.#gone) {
      this.#gone = new DeviceLostError("CPU: the device is lost (it was closed); open a new one");
      this.kernels.close();
      this.#lose(this.#gone);
    }
    return Promise.resolve();
  }

  #check(): void {
    if (this.#gone) throw this.#gone;
  }
}

class CpuBuffer implements DeviceBuffer {
  /** Counts the writes of the host and the in-place updates. */
  version = 0;

  constructor(private readonly kernels: CpuKernels, readonly pointer: number, readonly bytes: number) {}

  destroy(): void {
    this.kernels.free(this.pointer);
  }
}

/** Bytes in use beyond which ops keep nothing beside states: a program that fits must fit after others have run, too. */
const roomForPrepared = 2 ** 30;

/** What an op keeps beside a state, and the version of the state that it was made of. */
interface Prepared {
  pointer: number;
  version: number;
}

class CpuReplay implements Replay {
  #prepared = new Map<string, Prepared>();
  #calls: { label: string; run: () => void }[] = [];
  #memory: unknown = null;

  constructor(private readonly kernels: CpuKernels, private readonly steps: Step[], private readonly check: () => void) {}

  run(): void {
    this.check();
    for (let i = 0; i < this.#ready().length; i++) this.#ready()[i].run();
  }

  describe(): string[] {
    return this.#ready().map(({ label }, i) => `${String(i).padStart(6)}  ${label}`);
  }

  time(): Promise<{ label: string; ms: number }[]> {
    this.check();
    return Promise.resolve(
      this.steps.map((_, i) => {
        const start = performance.now(), { label, run } = this.#ready()[i];
        run();
        return { label, ms: performance.now() - start };
      }),
    );
  }

  destroy(): void {
    this.#calls = [];
    for (const { pointer } of this.#prepared.values()) this.kernels.free(pointer);
    this.#prepared.clear();
  }

  /** Views of unshared memory die when it grows, which a step may do to get scratch space, so they are made again then. */
  #ready(): { label: string; run: () => void }[] {
    if (this.#memory !== this.kernels.memory.buffer) {
      const updated = new Set(this.steps.flatMap((step) => updatesOf(step)));
      this.#calls = this.steps.map((step, i) => {
        const prepare = (name: string, { buffer }: Place) => updated.has(buffer) ? undefined : this.#preparedAt(`${i} ${name}`, buffer);
        return { label: step.node.op.name, run: call(this.kernels, step, prepare) };
      });
      this.#memory = this.kernels.memory.buffer;
    }
    return this.#calls;
  }

  #preparedAt(key: string, buffer: DeviceBuffer): CpuTensor["prepared"] {
    return (bytes, make) => {
      const { version } = buffer as CpuBuffer, prepared = this.#prepared.get(key);
      if (prepared?.version === version) return prepared.pointer;
      if (!prepared && this.kernels.usedBytes + bytes > roomForPrepared) return undefined;
      try {
        const pointer = prepared?.pointer ?? this.kernels.allocate(bytes);
        make(pointer);
        this.#prepared.set(key, { pointer, version });
        return pointer;
      } catch (error) {
        if (error instanceof LimitError) return undefined; // the op does without
        throw error;
      }
    };
  }
}

/** The buffers that a step overwrites in place. */
function updatesOf({ node: { op, inputs }, place }: Step): DeviceBuffer[] {
  return Object.values(op.updates ?? {}).map((name) => place(inputs[name as string]).buffer);
}

type Prepare = (name: string, place: Place) => CpuTensor["prepared"];

function call(kernels: CpuKernels, step: Step, prepare: Prepare): () => void {
  const { op, inputs, outputs, attributes } = step.node;
  const tensors = { ...inputs, ...outputs };
  const data = Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, view(kernels, t, step.place(t))]));
  if (op.places) {
    const copies = Object.entries(op.places(inputs, attributes)).filter(([name]) => !step.placed(inputs[name]));
    return () => copies.forEach(([name, offset]) => data.y.data.set(data[name].data, offset));
  }
  const updated = updatesOf(step) as CpuBuffer[], mark = () => updated.forEach((buffer) => buffer.version++);
  if (op.cpu) {
    for (const [name, t] of Object.entries(inputs)) {
      if (storage(t).root.leaf?.kind === "state") data[name].prepared = prepare(name, step.place(t));
    }
    return () => {
      op.cpu!(data, attributes, kernels, tensors);
      mark();
    };
  }
  const given = Object.fromEntries(Object.entries(inputs).map(([name]) => [name, data[name].data]));
  return () => {
    const results = op.reference(given, tensors, attributes);
    for (const name in outputs) data[name].data.set(results[name]);
    mark();
  };
}

function view(kernels: CpuKernels, t: Tensor, { buffer, offset, bytes }: Place): CpuTensor {
  const pointer = (buffer as CpuBuffer).pointer + offset, length = bytes / bytesPerValue[t.dtype];
  const data = t.dtype === "f32"
    ? kernels.f32(pointer, length)
    : t.dtype === "u32"
    ? kernels.u32(pointer, length)
    : kernels.u8(pointer, length);
  return { pointer, data: data as Float32Array, shape: t.shape, size: t.size };
}
