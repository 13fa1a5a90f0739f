// TFRecord framing: length (u64), its masked checksum, the data, its masked checksum; all little-endian.
import { CheckpointError } from "../../errors.ts";
import { maskedCrc32c } from "./crc32c.ts";

/** One record around `data`. */
export function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16), view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return bytes;
}

/** The data of every record. @throws CheckpointError naming the byte where a checksum or a length is wrong. */
export function readRecords(bytes: Uint8Array, where: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const wrong = (what: string) => new CheckpointError(`${where}: ${what} at byte ${at}; what stands before is intact`);
    if (bytes.length - at < 16) throw wrong("the file ends inside a record");
    if (view.getUint32(at + 8, true) !== maskedCrc32c(bytes.subarray(at, at + 8))) throw wrong("the checksum of a length is wrong");
    const length = Number(view.getBigUint64(at, true));
    if (length > bytes.length - at - 16) throw wrong(`a record of ${length} bytes is cut short`);
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (view.getUint32(at + 12 + length, true) !== maskedCrc32c(data)) throw wrong("the checksum of a record is wrong");
    found.push(data);
    at += length + 16;
  }
  return found;
}
