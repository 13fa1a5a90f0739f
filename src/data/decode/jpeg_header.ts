import { exifOrientation } from "./exif.ts";
import type { Header, Refuse } from "./header.ts";

const SOF_CODES = [0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];
const SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1;

/** Walks the markers of a JPEG through all its scans to the end marker; what follows that is ignored, as in libjpeg. */
export function jpegHeader(bytes: Uint8Array, refuse: Refuse): Header {
  const header: Header = { format: "JPEG", width: 0, height: 0, orientation: 1 };
  const truncated = () => refuse(`the JPEG is truncated: ${bytes.length} bytes and no end marker; replace the file`);
  let at = 2, scans = 0;
  while (true) {
    at = nextMarker(bytes, at);
    if (at < 0) return truncated();
    const marker = bytes[at - 1];
    if (marker === EOI) break;
    if (marker === SOI) continue;
    const length = bytes[at] * 256 + bytes[at + 1];
    if (!(at + length <= bytes.length)) return truncated();
    if (length < 2) refuse(`the JPEG is damaged: marker ff${marker.toString(16)} at byte ${at - 2} has length ${length}; replace the file`);
    const body = bytes.subarray(at + 2, at + length);
    if (SOF_CODES.includes(marker)) {
      header.height = body[1] * 256 + body[2];
      header.width = body[3] * 256 + body[4];
      if (body[5] === 4) header.onlySharp = "a CMYK JPEG";
      if (header.height === 0) refuse("the JPEG states a height of 0 (set later by DNL), which is not supported; save it again");
    }
    if (marker === APP1 && String.fromCharCode(...body.subarray(0, 6)) === "Exif\0\0") {
      header.orientation = exifOrientation(body.subarray(6));
    }
    if (marker === SOS) scans++;
    at += length;
  }
  if (header.width === 0 || scans === 0) refuse("the JPEG has no picture data; replace the file");
  return header;
}

/** The position after the next marker code, past scan data, stuffed zeros, restart markers and fill bytes; -1 at the end. */
function nextMarker(bytes: Uint8Array, at: number): number {
  while ((at = bytes.indexOf(0xff, at) + 1) > 0 && at < bytes.length) {
    const code = bytes[at];
    if (code !== 0 && code !== 0xff && code !== 0x01 && (code < 0xd0 || code > 0xd7)) return at + 1;
  }
  return -1;
}
