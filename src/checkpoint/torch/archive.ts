import { CheckpointError } from "../../errors.ts";
import { bytesPer } from "../dtype.ts";
import type { ByteSource } from "../source.ts";
import { allowedGlobal, storageDtype } from "./globals.ts";
import { kindOf, loadPickle } from "./pickle.ts";
import { explained, PickleFault } from "./pickle_cursor.ts";
import { Storage } from "./tensor_view.ts";
import { dataPosition, readZipDirectory, type ZipEntry } from "./zip.ts";

/** A pickle is names and shapes, never values: one of this size is not a checkpoint's. */
export const pickleBytesAllowed = 2 ** 26;

/** The saved value of a zip file of torch.save (1.6 and later): `<name>/data.pkl`, and one entry `<name>/data/<key>` for each storage. */
export async function loadArchive(source: ByteSource): Promise<unknown> {
  const entries = await readZipDirectory(source);
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    const some = [...entries.keys()].slice(0, 3).join(", ");
    throw new CheckpointError(`${source.name}: is a zip archive with ${pickles.length} data.pkl (${some}, ...); give a file of torch.save`);
  }
  const folder = pickles[0].slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new CheckpointError(`${source.name}: is a TorchScript program; save its state_dict with torch.save`);
  }
  await checkByteOrder(source, entries.get(`${folder}byteorder`));
  const pickle = entries.get(pickles[0])!;
  if (pickle.size > pickleBytesAllowed) {
    throw new CheckpointError(
      `${source.name}: its data.pkl has ${pickle.size} bytes, at most ${pickleBytesAllowed} are allowed; save a plain state_dict`,
    );
  }
  const bytes = await source.read(await dataPosition(source, pickle), pickle.size);
  const persistent = (id: unknown) => storageOf(id, (key) => entries.get(`${folder}data/${key}`), source);
  return explained(source.name, () => loadPickle(bytes, 0, { global: allowedGlobal, persistent }).value);
}

async function checkByteOrder(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  if (!entry) return;
  const order = new TextDecoder().decode(await source.read(await dataPosition(source, entry), Math.min(entry.size, 16)));
  if (order !== "little") {
    throw new CheckpointError(
      `${source.name}: was saved in ${JSON.stringify(order)} byte order, only little is read; save it again on a little-endian machine`,
    );
  }
}

/** `id` is ("storage", class, key, device, elements). */
function storageOf(id: unknown, find: (key: string) => ZipEntry | undefined, source: ByteSource): Storage {
  const [kind, type, key, , elements] = Array.isArray(id) ? id : [];
  if (kind !== "storage" || typeof key !== "string" || !Number.isSafeInteger(elements)) {
    throw new PickleFault(`a persistent id that is no storage (${kindOf(kind)})`);
  }
  const dtype = storageDtype(type), entry = find(key);
  if (!entry) throw new PickleFault(`storage ${JSON.stringify(key)} is not in the archive`);
  if (elements < 0 || elements * bytesPer[dtype] > entry.size) {
    throw new PickleFault(`storage ${key} of ${elements} ${dtype} has ${entry.size} bytes`);
  }
  return new Storage(key, dtype, elements, async (begin, length) => await source.read(await dataPosition(source, entry) + begin, length));
}
