import { DataError } from "../../errors.ts";
import { TooLargeError } from "../errors.ts";

/**
 * The bytes of a picture given as text: `data:[type];base64,...`, or bare base64. The stated type is not believed, the content decides.
 *
 * @throws DataError, TooLargeError
 */
export function bytesOfText(text: string, name: string, maxBytes: number): Uint8Array<ArrayBuffer> {
  const uri = /^data:([^,]{0,200}),/i.exec(text);
  if (uri && !/;\s*base64\s*$/i.test(uri[1])) {
    throw new DataError(`${name}: the data URI is not in base64; write data:image/png;base64,...`);
  }
  const start = uri ? uri[0].length : 0, most = Math.floor((text.length - start) * 3 / 4);
  if (most > maxBytes + 2) throw new TooLargeError(`${name}: about ${most} bytes, the limit of one picture is ${maxBytes}; shrink it`);
  // Words are base64, too, to a decoder that passes over spaces; but no picture is as short as a word.
  if (!uri && (text.length < SHORTEST || /[ \t]/.test(text))) refuse(text, name);
  try {
    return Uint8Array.fromBase64(text.slice(start));
  } catch {
    refuse(text.slice(start), name);
  }
}

/** Characters; the smallest pictures there are have some 26 bytes. */
const SHORTEST = 32;

function refuse(text: string, name: string): never {
  const shown = JSON.stringify(text.slice(0, 24));
  throw new DataError(
    `${name}: ${shown}... is no base64; give a picture as a data URI, {"image": base64} or {"url": address}, and texts to a model of texts`,
  );
}
