import { CheckpointError } from "../../errors.ts";
import type { ByteSource } from "../source.ts";

/** An uncompressed file inside a zip archive; `header` is the position of its local header. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly header: number;
}

const endBytes = 22, locatorBytes = 20, end64Bytes = 56, entryBytes = 46, localBytes = 30;
const escaped = 0xffffffff; // "see the zip64 field"

/** The archive's directory by name. Sizes come from it alone, so entries written with data descriptors are read as any other. */
export async function readZipDirectory(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const fail = failure(source);
  const { position, size, count } = await findDirectory(source, fail);
  if (position + size > source.size) fail(`its directory lies at bytes ${position} to ${position + size} of ${source.size}`);
  const bytes = await source.read(position, size);
  const view = viewOf(bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + entryBytes > size || view.getUint32(at, true) !== 0x02014b50) fail(`entry ${i} of its directory is damaged`);
    const nameLength = view.getUint16(at + 28, true),
      extraLength = view.getUint16(at + 30, true),
      commentLength = view.getUint16(at + 32, true);
    const nameAt = at + entryBytes, extraAt = nameAt + nameLength;
    const next = extraAt + extraLength + commentLength;
    if (next > size) fail(`entry ${i} of its directory is cut off`);
    const name = new TextDecoder().decode(bytes.subarray(nameAt, extraAt));
    const extra = bytes.subarray(extraAt, extraAt + extraLength);
    const [unpacked, packed, header] = widen(
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      extra,
      () => fail(`entry ${name} has no zip64 sizes`),
    );
    const flags = view.getUint16(at + 8, true), method = view.getUint16(at + 10, true);
    if (flags & 1) fail(`entry ${name} is encrypted`);
    if (method !== 0) fail(`entry ${name} is compressed (method ${method}), torch stores entries as they are`);
    if (packed !== unpacked) fail(`entry ${name} has two sizes, ${packed} and ${unpacked}`);
    if (header + localBytes + unpacked > source.size) fail(`entry ${name} ends after the file's ${source.size} bytes`);
    if (entries.has(name)) fail(`entry ${name} stands twice in its directory`);
    entries.set(name, { name, size: unpacked, header });
    at = next;
  }
  return entries;
}

/** Where the entry's bytes begin: behind its local header, whose padding only that header knows. */
export async function dataPosition(source: ByteSource, entry: ZipEntry): Promise<number> {
  const fail = failure(source);
  const view = viewOf(await source.read(entry.header, localBytes));
  if (view.getUint32(0, true) !== 0x04034b50) fail(`entry ${entry.name} has no header at byte ${entry.header}`);
  const position = entry.header + localBytes + view.getUint16(26, true) + view.getUint16(28, true);
  if (position + entry.size > source.size) fail(`entry ${entry.name} ends after the file's ${source.size} bytes`);
  return position;
}

type Fail = (reason: string) => never;

function failure(source: ByteSource): Fail {
  return (reason) => {
    throw new CheckpointError(`${source.name}: as a zip archive, ${reason}; is it a complete file of torch.save?`);
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

async function findDirectory(source: ByteSource, fail: Fail): Promise<{ position: number; size: number; count: number }> {
  const tailBytes = Math.min(source.size, endBytes + 0xffff + locatorBytes); // the end record may be followed by a comment
  const tailAt = source.size - tailBytes;
  const tail = viewOf(await source.read(tailAt, tailBytes));
  let at = tailBytes - endBytes;
  while (at >= 0 && !(tail.getUint32(at, true) === 0x06054b50 && at + endBytes + tail.getUint16(at + 20, true) === tailBytes)) at--;
  if (at < 0) fail("it ends without a directory");
  const found = { count: tail.getUint16(at + 10, true), size: tail.getUint32(at + 12, true), position: tail.getUint32(at + 16, true) };
  if (found.count !== 0xffff && found.size !== escaped && found.position !== escaped) return found;

  const locator = at - locatorBytes;
  if (locator < 0 || tail.getUint32(locator, true) !== 0x07064b50) fail("it has no zip64 locator");
  const end64At = counted(tail, locator + 8);
  if (!(end64At + end64Bytes <= source.size)) fail(`its zip64 record lies at byte ${end64At} of ${source.size}`);
  const end64 = viewOf(await source.read(end64At, end64Bytes));
  if (end64.getUint32(0, true) !== 0x06064b50) fail("its zip64 record is damaged");
  return { count: counted(end64, 32), size: counted(end64, 40), position: counted(end64, 48) };
}

/** Replaces each escaped 32-bit value by the next 64-bit one of the zip64 extra field (id 1). */
function widen(values: number[], extra: Uint8Array, missing: () => never): number[] {
  if (!values.includes(escaped)) return values;
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const id = view.getUint16(at, true), end = at + 4 + view.getUint16(at + 2, true);
    let next = at + 4;
    if (id === 1 && end <= extra.length) {
      return values.map((value) => {
        if (value !== escaped) return value;
        if (next + 8 > end) missing();
        next += 8;
        return counted(view, next - 8);
      });
    }
    at = end;
  }
  return missing();
}

/** A u64; beyond 2^53 it is rounded, which no later bound lets pass. */
function counted(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
