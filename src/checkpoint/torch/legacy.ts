// Files of torch.save before 1.6: five pickles in a row (magic number, protocol, machine, the value, the keys of its storages), then
// for each key a count of elements (i64) and the elements.

import { CheckpointError } from "../../errors.ts";
import { bytesPer, type Dtype } from "../dtype.ts";
import type { ByteSource } from "../source.ts";
import { pickleBytesAllowed } from "./archive.ts";
import { allowedGlobal, storageDtype } from "./globals.ts";
import { kindOf, loadPickle, type PickleHooks, shown } from "./pickle.ts";
import { explained, PickleEnds, PickleFault } from "./pickle_cursor.ts";
import { Storage } from "./tensor_view.ts";

const magic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]; // a ten-byte integer
const firstRead = 2 ** 20;

/** Whether a file that begins so is one; a protocol, and from 4 on a frame, stands before the number. */
export function isLegacy(head: Uint8Array): boolean {
  return [2, 11].some((at) => head[0] === 0x80 && magic.every((byte, i) => head[at + i] === byte));
}

/** The saved value. Its storages are found by walking over their counts, their elements are read when asked for. */
export async function loadLegacy(source: ByteSource): Promise<unknown> {
  const pickles = new Pickles(source);
  const roots = new Map<string, Root>();
  const hooks: PickleHooks = { global: allowedGlobal, persistent: (id) => persistent(id, roots, source) };
  await pickles.next(hooks);
  const protocol = await pickles.next(hooks);
  if (protocol !== 1001) {
    throw new CheckpointError(`${source.name}: is of torch protocol ${shown(protocol)}, known is 1001; save it with a newer torch`);
  }
  const machine = await pickles.next(hooks);
  if (machine instanceof Map && machine.get("little_endian") === false) {
    throw new CheckpointError(
      `${source.name}: was saved in big-endian byte order, only little is read; save it again on a little-endian machine`,
    );
  }
  const value = await pickles.next(hooks);
  const keys = await pickles.next(hooks);
  await placeStorages(keys, roots, pickles.at, source);
  return value;
}

/** A storage as the file has it; `position` is known only after the pickles. */
interface Root {
  readonly dtype: Dtype;
  readonly elements: number;
  position?: number;
}

class Pickles {
  at = 0;
  #bytes = new Uint8Array();

  constructor(readonly source: ByteSource) {}

  async next(hooks: PickleHooks): Promise<unknown> {
    const limit = Math.min(this.source.size, pickleBytesAllowed);
    for (let wanted = Math.max(firstRead, this.#bytes.length);; wanted *= 4) {
      if (this.#bytes.length < Math.min(wanted, limit)) this.#bytes = new Uint8Array(await this.source.read(0, Math.min(wanted, limit)));
      try {
        const { value, end } = loadPickle(this.#bytes, this.at, hooks);
        this.at = end;
        return value;
      } catch (error) {
        if (error instanceof PickleEnds && wanted < limit) continue;
        return explained(this.source.name, () => {
          throw error;
        });
      }
    }
  }
}

/** `id` is ("storage", class, key, device, elements, view), view null or (key, offset, elements); or ("module", class, ...) around a class. */
function persistent(id: unknown, roots: Map<string, Root>, source: ByteSource): unknown {
  const [kind, type, key, , elements, view] = Array.isArray(id) ? id : [];
  if (kind === "module") return type;
  if (kind !== "storage" || typeof key !== "string" || !isCount(elements)) {
    throw new PickleFault(`a persistent id that is no storage (${kindOf(kind)})`);
  }
  const dtype = storageDtype(type);
  const root: Root = roots.get(key) ?? { dtype, elements };
  if (root.dtype !== dtype || root.elements !== elements) {
    throw new PickleFault(`storage ${key} is ${elements} ${dtype} here and ${root.elements} ${root.dtype} before`);
  }
  roots.set(key, root);
  const [viewKey, offset, length] = Array.isArray(view) ? view : [key, 0, elements];
  if (!isCount(offset) || !isCount(length) || offset + length > elements) {
    throw new PickleFault(`a view of ${length} elements from ${offset} of storage ${key}, which has ${elements}`);
  }
  return new Storage(
    typeof viewKey === "string" ? viewKey : key,
    dtype,
    length,
    (begin, bytes) => source.read(root.position! + offset * bytesPer[dtype] + begin, bytes),
  );
}

async function placeStorages(keys: unknown, roots: Map<string, Root>, at: number, source: ByteSource): Promise<void> {
  const fail = (reason: string): never => {
    throw new CheckpointError(`${source.name}: ${reason}; the file is damaged or incomplete`);
  };
  if (!Array.isArray(keys)) return fail(`its list of storages is ${kindOf(keys)}`);
  for (const key of keys) {
    const root = roots.get(key);
    if (!root || root.position !== undefined) {
      return fail(`its list of storages has ${shown(key)}, which ${root ? "stands there twice" : "no tensor uses"}`);
    }
    const count = await source.read(at, 8);
    const elements = new DataView(count.buffer, count.byteOffset).getBigInt64(0, true);
    if (elements !== BigInt(root.elements)) fail(`storage ${key} has ${elements} elements, its tensors expect ${root.elements}`);
    root.position = at + 8;
    at += 8 + root.elements * bytesPer[root.dtype];
    if (at > source.size) fail(`storage ${key} ends at byte ${at}, the file at ${source.size}`);
  }
  for (const [key, { position }] of roots) {
    if (position === undefined) fail(`storage ${key} is not in its list of storages`);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
