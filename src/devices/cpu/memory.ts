// The one linear memory of the WASM kernels and its allocator.

import { LimitError } from "../../errors.ts";

const PAGE = 65536;
const LIMIT = PAGE * PAGE;
const LINE = 64;
/** Below this the kernels keep their control block; pointer 0 means "none". */
const RESERVED = 4096;

const aligned = (bytes: number) => Math.ceil(Math.max(bytes, 1) / LINE) * LINE;

/** Blocks of one WebAssembly.Memory: first fit, neighbours joined when freed. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  usedBytes = 0;
  #used = new Map<number, number>();
  /** Holes below the top, by address. */
  #holes: { pointer: number; bytes: number }[] = [];
  #top = RESERVED;
  /** Bytes from here on were never handed out and are still zero. */
  #fresh = RESERVED;

  constructor(shared: boolean) {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: PAGE, shared });
  }

  /** A pointer to zeroed bytes, on a cache line of its own. */
  allocate(bytes: number): number {
    const size = aligned(bytes);
    const at = this.#holes.findIndex((hole) => hole.bytes >= size);
    const pointer = at < 0 ? this.#extend(bytes, size) : this.#cut(at, size);
    this.#used.set(pointer, size);
    this.usedBytes += size;
    const stale = Math.min(pointer + size, this.#fresh) - pointer;
    if (stale > 0) new Uint8Array(this.memory.buffer, pointer, stale).fill(0);
    this.#fresh = Math.max(this.#fresh, pointer + size);
    return pointer;
  }

  free(pointer: number): void {
    const bytes = this.#used.get(pointer);
    if (bytes === undefined) throw new LimitError(`free: ${pointer} is no block in use; free what allocate() returned, once`);
    this.#used.delete(pointer);
    this.usedBytes -= bytes;
    let at = this.#holes.findIndex((hole) => hole.pointer > pointer);
    if (at < 0) at = this.#holes.length;
    this.#holes.splice(at, 0, { pointer, bytes });
    this.#join(at);
    this.#join(at - 1);
    const last = this.#holes.at(-1);
    if (last && last.pointer + last.bytes === this.#top) {
      this.#top = last.pointer;
      this.#holes.pop();
    }
  }

  #cut(at: number, size: number): number {
    const hole = this.#holes[at], { pointer } = hole;
    if (hole.bytes === size) this.#holes.splice(at, 1);
    else this.#holes[at] = { pointer: pointer + size, bytes: hole.bytes - size };
    return pointer;
  }

  #join(at: number): void {
    const hole = this.#holes[at], next = this.#holes[at + 1];
    if (hole && next && hole.pointer + hole.bytes === next.pointer) {
      this.#holes.splice(at, 2, { pointer: hole.pointer, bytes: hole.bytes + next.bytes });
    }
  }

  #extend(bytes: number, size: number): number {
    const pointer = this.#top, end = pointer + size;
    const fault = (limit: string) =>
      new LimitError(`CPU memory: ${bytes} bytes do not fit, ${this.usedBytes} are in use and ${limit}; use a smaller batch or model`);
    if (end > LIMIT) throw fault(`WASM addresses ${LIMIT}`);
    const present = this.memory.buffer.byteLength;
    if (end > present) {
      // by a quarter at least, since growing unshared memory copies it
      const wanted = Math.min(LIMIT, Math.max(end, present * 1.25, present + (1 << 24)));
      try {
        this.memory.grow(Math.ceil((wanted - present) / PAGE));
      } catch {
        throw fault(`the engine refuses to grow past ${present}`);
      }
    }
    this.#top = end;
    return pointer;
  }
}
