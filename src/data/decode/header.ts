// What a file says about itself before anything is decoded: format, size, orientation, and whether it is whole.
// A picture that is refused here costs no memory, whatever size it claims.

import { jpegHeader } from "./jpeg_header.ts";
import { pngHeader } from "./png_header.ts";
import { webpHeader } from "./webp_header.ts";

export interface Header {
  format: string;
  /** As stored, before any orientation. 0x0 where only sharp knows. */
  width: number;
  height: number;
  /** EXIF orientation, 1 to 8; 1 where there is none. */
  orientation: number;
  /** Why only sharp can decode it, e.g. "a CMYK JPEG". */
  onlySharp?: string;
}

/** Ends the reading with an error that names the file. */
export type Refuse = (reason: string) => never;

const text = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));

/** Formats known by their first bytes; the ones without a reader are left to sharp. */
const formats: { name: string; is: (bytes: Uint8Array) => boolean; read?: (bytes: Uint8Array, refuse: Refuse) => Header }[] = [
  { name: "JPEG", is: (b) => b[0] === 0xff && b[1] === 0xd8, read: jpegHeader },
  { name: "PNG", is: (b) => text(b, 0, 8) === "\x89PNG\r\n\x1a\n", read: pngHeader },
  { name: "WebP", is: (b) => text(b, 0, 4) === "RIFF" && text(b, 8, 12) === "WEBP", read: webpHeader },
  { name: "GIF", is: (b) => /^GIF8[79]a/.test(text(b, 0, 6)) },
  {
    name: "BMP",
    is: (b) => text(b, 0, 2) === "BM",
    read: (_, refuse) => refuse("BMP is not supported, by sharp neither; convert it to PNG"),
  },
  { name: "TIFF", is: (b) => /^(II\*\0|MM\0\*)/.test(text(b, 0, 4)) },
  { name: "AVIF or HEIF", is: (b) => text(b, 4, 8) === "ftyp" },
];

export function readHeader(bytes: Uint8Array, refuse: Refuse): Header {
  if (bytes.length === 0) refuse("the file is empty; replace or remove it");
  const format = formats.find(({ is }) => is(bytes));
  if (format) {
    return format.read?.(bytes, refuse) ?? { format: format.name, width: 0, height: 0, orientation: 1, onlySharp: `a ${format.name}` };
  }
  const start = new TextDecoder().decode(bytes.subarray(0, 1024)).trimStart();
  if (/<svg[\s>]/i.test(start)) refuse("SVG is a drawing, not a picture, and may refer to other files; convert it to PNG");
  if (start.startsWith("<")) refuse("the content is HTML or XML, not a picture (often a saved error page); download it again");
  return refuse(`no picture format begins with bytes ${hex(bytes.subarray(0, 8))}; replace or remove the file`);
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
