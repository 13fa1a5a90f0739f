// Bytes to text.
import { DataError } from "../../errors.ts";

/** "latin-1" is read as browsers do, as Windows-1252: its bytes 80 to 9f are dashes and quotation marks. */
export type Encoding = "utf-8" | "latin-1";

/** The text of a file's bytes, without a byte order mark. Throws DataError with the first byte that is no UTF-8. */
export function decodeText(bytes: Uint8Array, { name, encoding = "utf-8" }: { name: string; encoding?: Encoding }): string {
  if (encoding === "latin-1") return new TextDecoder("windows-1252").decode(bytes);
  if (encoding !== "utf-8") throw new DataError(`${name}: the encoding ${JSON.stringify(encoding)} is unknown; give utf-8 or latin-1`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const at = firstBadByte(bytes), byte = bytes[at].toString(16).padStart(2, "0");
    const line = bytes.subarray(0, at).reduce((count, one) => count + Number(one === 10), 1);
    throw new DataError(
      `${name}: is not UTF-8, byte ${at} (line ${line}) is ${byte} where none such may be; convert the file, or read it as latin-1`,
    );
  }
}

/** Where the decoder first has to put the replacement character for bytes that are not its own. */
function firstBadByte(bytes: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), encoder = new TextEncoder();
  for (let i = 0, at = 0, from = 0;; from = i + 1) {
    i = text.indexOf("\uFFFD", from);
    at += encoder.encode(text.slice(from, i)).length;
    if (bytes[at] !== 0xef || bytes[at + 1] !== 0xbf || bytes[at + 2] !== 0xbd) return at;
    at += 3;
  }
}
