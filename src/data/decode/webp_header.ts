import { exifOrientation } from "./exif.ts";
import type { Header, Refuse } from "./header.ts";

/** Walks the chunks of a WebP; the size is the largest that any of them states. */
export function webpHeader(bytes: Uint8Array, refuse: Refuse): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header: Header = { format: "WebP", width: 0, height: 0, orientation: 1 };
  const end = view.getUint32(4, true) + 8;
  if (end > bytes.length) refuse(`the WebP is truncated: ${bytes.length} bytes of ${end}; replace the file`);
  const atLeast = (width: number, height: number) => {
    header.width = Math.max(header.width, width);
    header.height = Math.max(header.height, height);
  };
  for (let at = 12; at + 8 <= end;) {
    const type = String.fromCharCode(...bytes.subarray(at, at + 4)), length = view.getUint32(at + 4, true), body = at + 8;
    if (body + length > end) {
      refuse(`the WebP is damaged: chunk ${type} at byte ${at} needs ${length} bytes, ${end - body} are left; replace the file`);
    }
    if (type === "VP8X" && length >= 10) {
      atLeast(1 + (view.getUint32(body + 4, true) & 0xffffff), 1 + (view.getUint32(body + 6, true) >>> 8));
      if (bytes[body] & 0x02) header.onlySharp = "an animated WebP";
    }
    if (type === "VP8 " && length >= 10) atLeast(view.getUint16(body + 6, true) & 0x3fff, view.getUint16(body + 8, true) & 0x3fff);
    if (type === "VP8L" && length >= 5) {
      const sizes = view.getUint32(body + 1, true);
      atLeast(1 + (sizes & 0x3fff), 1 + (sizes >>> 14 & 0x3fff));
    }
    if (type === "EXIF") header.orientation = exifOrientation(bytes.subarray(body, body + length));
    at = body + length + (length & 1);
  }
  return header;
}
