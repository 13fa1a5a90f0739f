import { exifOrientation } from "./exif.ts";
import type { Header, Refuse } from "./header.ts";

/** Walks the chunks of a PNG to IEND and checks their CRCs, which the decoder does not do for every one. */
export function pngHeader(bytes: Uint8Array, refuse: Refuse): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header: Header = { format: "PNG", width: 0, height: 0, orientation: 1 };
  let data = 0;
  for (let at = 8, first = true;; first = false) {
    const length = at + 12 <= bytes.length ? view.getUint32(at) : Infinity;
    if (at + 12 + length > bytes.length) refuse(`the PNG is truncated: ${bytes.length} bytes and no end chunk; replace the file`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (first && (type !== "IHDR" || length !== 13)) refuse(`the PNG begins with chunk ${type}, not IHDR; replace the file`);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      refuse(`the PNG is damaged: chunk ${type} at byte ${at} has a wrong CRC; replace the file`);
    }
    if (type === "IHDR") {
      header.width = view.getUint32(at + 8);
      header.height = view.getUint32(at + 12);
    }
    if (type === "eXIf") header.orientation = exifOrientation(body);
    if (type === "IDAT") data += length;
    if (type === "IEND") break;
    at += 12 + length;
  }
  if (data === 0) refuse("the PNG has no picture data; replace the file");
  return header;
}

let table: Uint32Array | undefined;

function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
