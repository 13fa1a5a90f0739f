// From requested tensors to an order of nodes and a place for every value.
//
// A place is a range of a buffer. Leaves and requested outputs own their buffers; every other value gets a whole buffer that
// it shares with values whose lifetimes do not touch its own. Buffers are reused whole, never by ranges: a dispatch may not
// read one range of a buffer and write another.

import { LimitError, ShapeError } from "./errors.ts";
import { bytesPerValue, makers, type Node, overwrittenBy, storage, type Tensor } from "./graph.ts";

export interface Slot {
  buffer: PlannedBuffer;
  /** In bytes; a multiple of `alignment` for parts of a pack and for inputs. */
  offset: number;
  bytes: number;
}

export interface PlannedBuffer {
  /** `inputs`: one upload a run; `state`: kept from run to run; `output`: kept until the next run; `scratch`: shared by lifetimes. */
  kind: "inputs" | "state" | "output" | "scratch";
  name: string;
  bytes: number;
  /** Where the values of a pack lie: between them it must stay zero. */
  layout?: string;
}

export interface Plan {
  nodes: Node[];
  buffers: PlannedBuffer[];
  inputs: Tensor[];
  states: Tensor[];
  slot(t: Tensor): Slot;
  /** Whether a value is read by a node or by the caller. */
  wanted(t: Tensor): boolean;
  /** Whether `t` is made inside the pack that takes it (`OpSpec.places`). */
  placed(t: Tensor): boolean;
  /** Whether `t` lies in f16. */
  f16(t: Tensor): boolean;
  /** Bytes of all buffers, and what they would be if nothing were shared. */
  bytes: number;
  unsharedBytes: number;
}

export interface PlanLimits {
  /** Largest range that a kernel can bind. */
  maxBindingBytes: number;
  maxBufferBytes: number;
}

/** Values from which f16 saves enough memory to be worth its rounding. */
export const leastF16 = 4096;

/** Ranges of a buffer that are bound apart must start at multiples of this: WebGPU's default for storage buffers. */
export const alignment = 256;

const rounded = (bytes: number, to: number) => Math.ceil(bytes / to) * to;

/**
 * Orders the nodes that `outputs` and `updates` need, and places their tensors. Values of at least `leastF16` numbers lie in f16 where
 * the op that makes them allows it, except what is requested and what goes into a pack, as gradients of parameters do.
 *
 * @throws LimitError when a tensor exceeds the device's limits, ShapeError when an in-place update cannot be ordered.
 */
export function plan(outputs: readonly Tensor[], updates: readonly Tensor[], limits: PlanLimits, leastF16 = Infinity): Plan {
  const nodes = order(makers([...outputs, ...updates]));
  const leaves = new Set<Tensor>();
  for (const t of [...outputs, ...nodes.flatMap((n) => Object.values(n.inputs))]) {
    const { root } = storage(t);
    if (root.leaf) leaves.add(root);
  }
  const inputs = [...leaves].filter((t) => t.leaf!.kind === "input"), states = [...leaves].filter((t) => t.leaf!.kind === "state");
  const requested = new Set(outputs.map((t) => storage(t).root));
  const halved = inF16(nodes, requested, leastF16);
  const bytesOf = (t: Tensor) => halved.has(storage(t).root) ? t.size * 2 : t.bytes;
  for (const t of [...leaves, ...nodes.flatMap((n) => Object.values(n.outputs))]) fits(t, bytesOf(t), limits);

  const slots = new Map<Tensor, Slot>();
  const buffers: PlannedBuffer[] = [];
  const own = (kind: PlannedBuffer["kind"], name: string, bytes: number): PlannedBuffer => {
    const buffer: PlannedBuffer = { kind, name, bytes: rounded(bytes, 16) };
    buffers.push(buffer);
    return buffer;
  };

  // Inputs lie side by side, so that a run uploads them at once; kernels only ever read them.
  for (const group of groups(inputs, limits)) {
    const buffer = own("inputs", group.map((t) => t.name).join(", "), group.reduce((sum, t) => sum + rounded(t.bytes, alignment), 0));
    let offset = 0;
    for (const t of group) {
      slots.set(t, { buffer, offset, bytes: t.bytes });
      offset += rounded(t.bytes, alignment);
    }
  }
  for (const t of states) slots.set(t, { buffer: own("state", t.name, t.bytes), offset: 0, bytes: t.bytes });

  const read = new Set([...requested, ...nodes.flatMap((n) => Object.values(n.inputs).map((t) => storage(t).root))]);
  const packed = placeInPacks(nodes, requested);

  const last = new Map<Tensor, number>();
  nodes.forEach((n, step) => Object.values(n.inputs).forEach((t) => last.set(storage(t).root, step)));
  const scratch: Lifetime[] = [];
  nodes.forEach((n, step) => {
    for (const t of Object.values(n.outputs)) {
      if (overwrittenBy(t) || packed.has(t)) continue;
      if (requested.has(t)) slots.set(t, { buffer: own("output", t.name, t.bytes), offset: 0, bytes: t.bytes });
      // A pack has a buffer of its own: its gaps must stay zero.
      else if (n.op.places) {
        const buffer = own("scratch", t.name, t.bytes), places = Object.entries(n.op.places(n.inputs, n.attributes));
        buffer.layout = places.map(([name, offset]) => `${offset}+${n.inputs[name].size}`).join(" ");
        slots.set(t, { buffer, offset: 0, bytes: t.bytes });
      } else scratch.push({ tensor: t, bytes: bytesOf(t), first: step, last: Math.max(step, last.get(t) ?? step) });
    }
  });
  const ownedBytes = buffers.reduce((sum, b) => sum + b.bytes, 0);
  for (const { buffer, tensors } of share(scratch)) {
    buffers.push(buffer);
    for (const t of tensors) slots.set(t, { buffer, offset: 0, bytes: bytesOf(t) });
  }

  const slot = (t: Tensor): Slot => {
    const { root, offset } = storage(t);
    const overwritten = overwrittenBy(root), place = packed.get(root);
    const base = overwritten ? slot(overwritten) : place ? slot(place.pack) : slots.get(root);
    if (!base) throw new ShapeError(`plan: ${t} is not part of the compiled outputs; name it among them`);
    return { buffer: base.buffer, offset: base.offset + ((place?.offset ?? 0) + offset) * bytesPerValue[t.dtype], bytes: bytesOf(t) };
  };
  return {
    nodes,
    buffers,
    inputs,
    states,
    slot,
    wanted: (t) => read.has(t) || overwrittenBy(t) !== undefined,
    placed: (t) => packed.has(storage(t).root),
    f16: (t) => halved.has(storage(t).root),
    bytes: buffers.reduce((sum, b) => sum + b.bytes, 0),
    unsharedBytes: ownedBytes + scratch.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Nodes in order of creation, except that an in-place update waits for every reader of what it overwrites. */
function order(byId: Node[]): Node[] {
  const before = new Map<Node, Set<Node>>(byId.map((n) => [n, new Set<Node>()]));
  for (const n of byId) {
    for (const t of Object.values(n.inputs)) {
      const { root } = storage(t);
      if (root.maker) before.get(n)!.add(root.maker);
    }
  }
  for (const writer of byId) {
    for (const overwritten of Object.values(writer.op.updates ?? {})) {
      const written = writer.inputs[overwritten as string];
      for (const other of byId) {
        if (other === writer || !Object.values(other.inputs).some((t) => overlaps(t, written))) continue;
        if (Object.values(other.op.updates ?? {}).some((name) => overlaps(other.inputs[name as string], written))) {
          throw new ShapeError(
            `plan: ${writer.op.name} and ${other.op.name} both update ${
              storage(written).root
            } in place; one of them must take the other's output`,
          );
        }
        before.get(writer)!.add(other);
      }
    }
  }
  const placed = new Set<Node>(), result: Node[] = [];
  let waiting = byId;
  while (waiting.length) {
    const later: Node[] = [];
    for (const n of waiting) {
      if ([...before.get(n)!].every((m) => placed.has(m))) {
        placed.add(n);
        result.push(n);
      } else later.push(n);
    }
    if (later.length === waiting.length) {
      throw new ShapeError(
        `plan: ${later[0].op.name} overwrites a state that ${
          later[later.length - 1].op.name
        } reads afterwards; read the updated tensor instead`,
      );
    }
    waiting = later;
  }
  return result;
}

function overlaps(a: Tensor, b: Tensor): boolean {
  const p = storage(a), q = storage(b);
  return p.root === q.root && p.offset < q.offset + b.size && q.offset < p.offset + a.size;
}

/** The values that lie in f16. */
function inF16(nodes: Node[], requested: ReadonlySet<Tensor>, least: number): Set<Tensor> {
  const found = new Set<Tensor>();
  for (const { op, outputs } of nodes) {
    for (const name of op.f16 ?? []) {
      const t = outputs[name as string];
      if (t.dtype === "f32" && t.size >= least && !requested.has(t)) found.add(t);
    }
  }
  // What lies side by side is of one kind, and gradients of parameters are summed up over steps.
  for (const { op, inputs } of nodes) if (op.places) { for (const t of Object.values(inputs)) found.delete(storage(t).root); }
  return found;
}

function fits(t: Tensor, bytes: number, { maxBindingBytes, maxBufferBytes }: PlanLimits): void {
  const limit = Math.min(maxBindingBytes, maxBufferBytes);
  if (bytes > limit) {
    throw new LimitError(
      `compile: ${t} needs ${megabytes(bytes)} in one binding, this device allows ${
        megabytes(limit)
      }; use a smaller batch or model, or a device with a larger limit`,
    );
  }
}

const megabytes = (bytes: number) => bytes < 1e6 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** Consecutive tensors in groups that fit one buffer. */
function groups(tensors: Tensor[], { maxBufferBytes }: PlanLimits): Tensor[][] {
  const result: Tensor[][] = [];
  let room = 0;
  for (const t of tensors) {
    const bytes = rounded(t.bytes, alignment);
    if (bytes > room) {
      result.push([]);
      room = maxBufferBytes;
    }
    result[result.length - 1].push(t);
    room -= bytes;
  }
  return result;
}

/**
 * Values that can be made directly inside the pack that takes them. A value stays outside when a node would then read one range
 * of the pack's buffer and write another, when it is only part of another value, or when it has a place already.
 */
function placeInPacks(nodes: Node[], requested: ReadonlySet<Tensor>): Map<Tensor, { pack: Tensor; offset: number }> {
  const placed = new Map<Tensor, { pack: Tensor; offset: number }>();
  const users = new Map<Tensor, Node[]>();
  for (const n of nodes) {
    for (const t of Object.values(n.inputs)) {
      const { root } = storage(t);
      users.set(root, [...users.get(root) ?? [], n]);
    }
  }
  for (const taker of nodes) {
    const pack = taker.outputs.y;
    const touches = (tensors: Record<string, Tensor>) => Object.values(tensors).some((t) => placed.get(storage(t).root)?.pack === pack);
    for (const [name, offset] of Object.entries(taker.op.places?.(taker.inputs, taker.attributes) ?? {})) {
      const { root } = storage(taker.inputs[name]);
      const whole = root.size === taker.inputs[name].size && root.dtype === pack.dtype;
      if (!whole || !root.maker || root.maker.op.places || overwrittenBy(root) || requested.has(root) || placed.has(root)) continue;
      const readersWrite = users.get(root)!.some((n) => n !== taker && touches(n.outputs));
      if (!readersWrite && !touches(root.maker.inputs)) placed.set(root, { pack, offset });
    }
  }
  return placed;
}

interface Lifetime {
  tensor: Tensor;
  bytes: number;
  first: number;
  last: number;
}

/** Whole buffers for lifetimes: the largest value first, into the first buffer whose values' lifetimes do not touch its own. */
function share(lifetimes: Lifetime[]): { buffer: PlannedBuffer; tensors: Tensor[] }[] {
  const shared: { buffer: PlannedBuffer; tensors: Tensor[]; taken: Lifetime[] }[] = [];
  for (const life of [...lifetimes].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    let place = shared.find(({ taken }) => taken.every((other) => other.last < life.first || life.last < other.first));
    if (!place) {
      place = {
        buffer: { kind: "scratch", name: `scratch ${shared.length}`, bytes: rounded(life.bytes, 16) },
        tensors: [],
        taken: [],
      };
      shared.push(place);
    }
    place.tensors.push(life.tensor);
    place.taken.push(life);
  }
  return shared;
}
