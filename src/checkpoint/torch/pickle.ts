// A pickle interpreter that executes nothing: it builds plain values, and what a pickle would call must be one of the
// functions that `PickleHooks.global` hands out. It understands what the binary protocols 2 to 5 write; the text opcodes of
// protocols 0 and 1 are refused, torch never wrote them.
//
// None → null, int → number or bigint, str → string, bytes → Uint8Array, list and tuple → array, dict → Map, set → Set.

import { PickleCursor, PickleEnds, PickleFault } from "./pickle_cursor.ts";

/** A Python class or function by name. Without `call` it can be passed on, not called. */
export class PickleGlobal {
  constructor(readonly name: string, readonly call?: (args: unknown[]) => unknown) {}
}

/** An instance of an allowed class: its attributes, nothing else. */
export class PickleObject {
  readonly attributes = new Map<unknown, unknown>();

  constructor(readonly className: string) {}

  /** Takes what the pickle gives as the state: attributes, or a pair of attributes and slots. */
  setState(state: unknown): void {
    const parts = Array.isArray(state) && state.length === 2 ? state : [state];
    for (const part of parts) {
      if (part === null) continue;
      if (!(part instanceof Map)) throw new PickleFault(`sets the state of ${this.className} to ${kindOf(part)}`);
      for (const [key, value] of part) this.attributes.set(key, value);
    }
  }
}

export interface PickleHooks {
  /** What stands for `module.name`; throws PickleFault for whatever is not allowed. */
  global(module: string, name: string): PickleGlobal;
  /** What stands for a persistent id (torch: a storage). */
  persistent(id: unknown): unknown;
}

const mark = Symbol("mark");
const operationsAllowed = 2_000_000; // a state dict of 10,000 tensors needs about 400,000
// One operation may go through a list that another made, so what calls and states are given is counted, too.
const valuesAllowed = 2 ** 24;

/** Runs the pickle at byte `start`: its value and the byte after it. Throws PickleFault; PickleEnds when more bytes could help. */
export function loadPickle(bytes: Uint8Array, start: number, hooks: PickleHooks): { value: unknown; end: number } {
  const cursor = new PickleCursor(bytes, start);
  const machine = new Machine(cursor, hooks);
  for (let operations = 0; operations < operationsAllowed; operations++) {
    const at = cursor.at;
    try {
      const opcode = cursor.u8();
      if (opcode === 0x2e) return { value: machine.pop(), end: cursor.at }; // STOP
      const run = opcodes[opcode];
      if (!run) throw new PickleFault(`opcode 0x${opcode.toString(16).padStart(2, "0")} is not one that torch writes`);
      run(machine);
    } catch (error) {
      if (!(error instanceof PickleFault)) throw error;
      throw new (error instanceof PickleEnds ? PickleEnds : PickleFault)(`byte ${at} of the pickle: ${error.message}`, error.advice);
    }
  }
  throw new PickleFault(`the pickle has more than ${operationsAllowed} operations`);
}

class Machine {
  readonly memo = new Map<number, unknown>();
  #stack: unknown[] = [];
  #values = 0;

  constructor(readonly cursor: PickleCursor, readonly hooks: PickleHooks) {}

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  top(): unknown {
    const value = this.#stack[this.#stack.length - 1];
    if (this.#stack.length === 0 || value === mark) throw new PickleFault("takes a value from an empty stack");
    return value;
  }

  popN(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  /** Everything above the last mark, which goes too. */
  popMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new PickleFault("a mark is missing");
    const values = this.#stack.splice(at);
    values.shift();
    return values;
  }

  pushMark(): void {
    this.#stack.push(mark);
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw new PickleFault(`memo ${index} is empty`);
    this.push(this.memo.get(index));
  }

  append(values: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new PickleFault(`appends to ${kindOf(list)}`);
    for (const value of values) list.push(value);
  }

  setItems(items: unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw new PickleFault(`sets items of ${kindOf(dict)}`);
    if (items.length % 2) throw new PickleFault("sets an item without a value");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  addItems(items: unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) throw new PickleFault(`adds to ${kindOf(set)}`);
    for (const item of items) set.add(item);
  }

  call(callee: unknown, args: unknown): void {
    if (!(callee instanceof PickleGlobal)) throw new PickleFault(`calls ${kindOf(callee)}`);
    if (!Array.isArray(args)) throw new PickleFault(`calls ${callee.name} with ${kindOf(args)} instead of a tuple`);
    if (!callee.call) throw new PickleFault(`calls ${callee.name}, which is only a name here`);
    this.#spend(args, 2);
    this.push(callee.call(args));
  }

  build(): void {
    const state = this.pop(), target = this.top();
    if (target instanceof Map) return; // an OrderedDict's own attributes: a state dict's _metadata
    if (!(target instanceof PickleObject)) throw new PickleFault(`sets the state of ${kindOf(target)}`);
    this.#spend(state, 2);
    target.setState(state);
  }

  /** Counts what a value holds, and what that holds. */
  #spend(value: unknown, depth: number): void {
    if (typeof value !== "object" || value === null) this.#values += typeof value === "string" ? value.length : 1;
    else if (value instanceof Map || value instanceof Set) this.#values += value.size;
    else if (value instanceof Uint8Array || depth === 0) this.#values += (value as { length?: number }).length ?? 1;
    else if (Array.isArray(value)) { for (const item of value) this.#spend(item, depth - 1); }
    if (this.#values > valuesAllowed) throw new PickleFault(`its calls go through more than ${valuesAllowed} values`);
  }
}

/** How messages call a value: by Python's words where there are some. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value instanceof PickleGlobal) return value.name;
  if (value instanceof PickleObject) return `a ${value.className}`;
  if (typeof value !== "object") return typeof value === "string" ? "a text" : `a ${typeof value}`;
  return `a ${pythonNames.get(value.constructor) ?? value.constructor.name}`;
}

/** A text or a number as it is, anything else by its kind: lists inside lists can be too much to print. */
export const shown = (value: unknown) =>
  typeof value === "string" ? JSON.stringify(value) : typeof value === "number" ? `${value}` : kindOf(value);

const pythonNames = new Map<unknown, string>([[Array, "list"], [Map, "dict"], [Set, "set"], [Uint8Array, "bytes"]]);

function dictOf(items: unknown[]): Map<unknown, unknown> {
  if (items.length % 2) throw new PickleFault("a dict with a key without a value");
  return new Map(Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]]));
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new PickleFault(`${kindOf(value)} where a name is expected`);
  return value;
}

const opcodes: Partial<Record<number, (m: Machine) => void>> = {
  0x80: (m) => { // PROTO
    const protocol = m.cursor.u8();
    if (protocol < 2 || protocol > 5) throw new PickleFault(`protocol ${protocol}, known are 2 to 5`);
  },
  0x95: (m) => void m.cursor.u64(), // FRAME: a hint for buffering
  0x28: (m) => m.pushMark(), // MARK
  0x30: (m) => void m.pop(), // POP
  0x31: (m) => void m.popMark(), // POP_MARK
  0x32: (m) => m.push(m.top()), // DUP

  0x4e: (m) => m.push(null), // NONE
  0x88: (m) => m.push(true), // NEWTRUE
  0x89: (m) => m.push(false), // NEWFALSE
  0x4a: (m) => m.push(m.cursor.i32()), // BININT
  0x4b: (m) => m.push(m.cursor.u8()), // BININT1
  0x4d: (m) => m.push(m.cursor.u16()), // BININT2
  0x8a: (m) => m.push(m.cursor.integer(m.cursor.u8())), // LONG1
  0x8b: (m) => m.push(m.cursor.integer(m.cursor.u32())), // LONG4
  0x47: (m) => m.push(m.cursor.f64()), // BINFLOAT

  0x8c: (m) => m.push(m.cursor.utf8(m.cursor.u8())), // SHORT_BINUNICODE
  0x58: (m) => m.push(m.cursor.utf8(m.cursor.u32())), // BINUNICODE
  0x8d: (m) => m.push(m.cursor.utf8(m.cursor.u64())), // BINUNICODE8
  0x55: (m) => m.push(m.cursor.latin1(m.cursor.u8())), // SHORT_BINSTRING
  0x54: (m) => m.push(m.cursor.latin1(m.cursor.u32())), // BINSTRING
  0x43: (m) => m.push(m.cursor.bytes(m.cursor.u8())), // SHORT_BINBYTES
  0x42: (m) => m.push(m.cursor.bytes(m.cursor.u32())), // BINBYTES
  0x8e: (m) => m.push(m.cursor.bytes(m.cursor.u64())), // BINBYTES8
  0x96: (m) => m.push(m.cursor.bytes(m.cursor.u64())), // BYTEARRAY8

  0x29: (m) => m.push([]), // EMPTY_TUPLE
  0x85: (m) => m.push(m.popN(1)), // TUPLE1
  0x86: (m) => m.push(m.popN(2)), // TUPLE2
  0x87: (m) => m.push(m.popN(3)), // TUPLE3
  0x74: (m) => m.push(m.popMark()), // TUPLE
  0x5d: (m) => m.push([]), // EMPTY_LIST
  0x6c: (m) => m.push(m.popMark()), // LIST
  0x61: (m) => m.append([m.pop()]), // APPEND
  0x65: (m) => m.append(m.popMark()), // APPENDS
  0x7d: (m) => m.push(new Map()), // EMPTY_DICT
  0x64: (m) => m.push(dictOf(m.popMark())), // DICT
  0x73: (m) => m.setItems(m.popN(2)), // SETITEM
  0x75: (m) => m.setItems(m.popMark()), // SETITEMS
  0x8f: (m) => m.push(new Set()), // EMPTY_SET
  0x90: (m) => m.addItems(m.popMark()), // ADDITEMS
  0x91: (m) => m.push(new Set(m.popMark())), // FROZENSET

  0x71: (m) => m.remember(m.cursor.u8()), // BINPUT
  0x72: (m) => m.remember(m.cursor.u32()), // LONG_BINPUT
  0x94: (m) => m.remember(m.memo.size), // MEMOIZE
  0x68: (m) => m.recall(m.cursor.u8()), // BINGET
  0x6a: (m) => m.recall(m.cursor.u32()), // LONG_BINGET

  0x63: (m) => m.push(m.hooks.global(m.cursor.line(), m.cursor.line())), // GLOBAL
  0x93: (m) => { // STACK_GLOBAL
    const [module, name] = m.popN(2);
    m.push(m.hooks.global(text(module), text(name)));
  },
  0x52: (m) => m.call(...m.popN(2) as [unknown, unknown]), // REDUCE
  0x81: (m) => m.call(...m.popN(2) as [unknown, unknown]), // NEWOBJ
  0x92: (m) => { // NEWOBJ_EX
    const [callee, args, named] = m.popN(3);
    if (!(named instanceof Map) || named.size > 0) throw new PickleFault(`calls ${kindOf(callee)} with named arguments`);
    m.call(callee, args);
  },
  0x62: (m) => m.build(), // BUILD
  0x51: (m) => m.push(m.hooks.persistent(m.pop())), // BINPERSID
};
