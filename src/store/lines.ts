// A collection as lines of JSON: the first describes it, each other line is one item. Vectors (little-endian single precision) and thumbnails
// are base64. It moves a collection from one store to another without loss.

import { DataError } from "../errors.ts";
import { shown } from "./check.ts";
import type { Collection, CollectionSpec, ItemInput, Store } from "./store.ts";

const FORMAT = "zellige collection 1";
const BATCH = 500;

/**
 * A collection as lines of JSON, the first its settings, then one an item; `importLines()` stores them again. Throws as the store does.
 *
 * ```ts
 * import { exportLines, importLines, openStore } from "../../mod.ts";
 * await using store = await openStore(":memory:");
 * await store.createCollection("photos", { dimensions: 2, metric: "cosine", fingerprint: "of the embedder" });
 * await store.put("photos", "of the embedder", [{ id: "a", vector: [1, 0] }]);
 * console.assert((await importLines(store, "copy", exportLines(store, "photos"))).count === 1);
 * ```
 */
export async function* exportLines(store: Store, name: string): AsyncIterableIterator<string> {
  const { dimensions, metric, fingerprint } = await store.collection(name);
  yield JSON.stringify({ format: FORMAT, dimensions, metric, fingerprint }) + "\n";
  for await (const { vector, thumbnail, ...entry } of store.export(name)) {
    const base64 = { vector: new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength).toBase64() };
    yield JSON.stringify({ ...entry, ...base64, ...thumbnail && { thumbnail: thumbnail.toBase64() } }) + "\n";
  }
}

/**
 * Stores exported lines as a collection, which is created if there is none, in batches; items of the same ids are replaced. Throws
 * DataError
 * naming the line that is wrong; the batches before it are stored.
 *
 * ```ts
 * import { importLines, openStore } from "../../mod.ts";
 * await using store = await openStore(":memory:");
 * const settings = { format: "zellige collection 1", dimensions: 2, metric: "cosine", fingerprint: "of the embedder" };
 * console.assert((await importLines(store, "photos", [JSON.stringify(settings)])).count === 0);
 * ```
 */
export async function importLines(store: Store, name: string, lines: Iterable<string> | AsyncIterable<string>): Promise<Collection> {
  let number = 0, fingerprint: string | undefined, batch: ItemInput[] = [];
  const flush = async () => {
    await store.put(name, fingerprint!, batch);
    batch = [];
  };
  for await (const line of lines) {
    number++;
    if (!line.trim()) continue;
    const record = parse(line, `${name}: line ${number}`);
    if (fingerprint === undefined) {
      if (record.format !== FORMAT) {
        throw new DataError(`${name}: line ${number} is not the head of an export (format ${shown(record.format)})`);
      }
      ({ fingerprint } = await store.createCollection(name, record as unknown as CollectionSpec));
      continue;
    }
    const where = `${name}: line ${number}`, vector = bytesOf(record.vector, `${where}: vector`), { thumbnail } = record;
    if (vector.length % 4) throw new DataError(`${where} has a vector of ${vector.length} bytes, no multiple of 4`);
    batch.push({
      ...record as unknown as ItemInput,
      vector: new Float32Array(vector.buffer),
      thumbnail: thumbnail === undefined ? undefined : bytesOf(thumbnail, `${where}: thumbnail`),
    });
    if (batch.length === BATCH) await flush();
  }
  if (fingerprint === undefined) throw new DataError(`${name}: there is nothing to import; give the lines of an export`);
  await flush();
  return await store.collection(name);
}

function parse(line: string, where: string): Record<string, unknown> {
  try {
    const record = JSON.parse(line);
    if (typeof record === "object" && record !== null) return record;
  } catch { /* the error below says it */ }
  throw new DataError(`${where} is no JSON object: ${shown(line.trim())}`);
}

function bytesOf(base64: unknown, where: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.fromBase64(String(base64));
  } catch {
    throw new DataError(`${where} is no base64: ${shown(base64)}`);
  }
}
