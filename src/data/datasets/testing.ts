// What the tests of data sets share: throw-away folders, small tar archives, the folder of real pictures beside the checkout.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { deflateSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import type { LabelMap } from "../label_map.ts";
import type { DataSet } from "./dataset.ts";

/** Runs `body` with a new folder that holds `files` by their paths, and removes it. */
export async function withFolder(files: Record<string, string | Uint8Array>, body: (folder: string) => unknown): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/zellige-`);
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(`${folder}/${name}`), { recursive: true });
      writeFileSync(`${folder}/${name}`, content);
    }
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A path below the shared data beside the checkout; says so in one line and gives undefined where it is absent. */
export function sharedData(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../../shared/data/${name}`, import.meta.url));
  if (existsSync(path)) return path;
  console.log(`skipped: no ../shared/data/${name}`);
}

/** Every sample of a set, in order. */
export async function readAll(set: DataSet) {
  const samples = [];
  for (let index = 0; index < set.length; index++) samples.push(await set.read(index));
  return samples;
}

export interface Member {
  name: string;
  content?: string | Uint8Array;
  /** Type flag: "0" file, "5" folder, "2" symbolic link, "x" PAX, "L" GNU long name. */
  type?: string;
}

/** A tar archive with its end mark. */
export function tar(members: Member[]): Uint8Array<ArrayBuffer> {
  const blocks = members.flatMap(({ name, content = "", type = "0" }) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const header = new Uint8Array(512), put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
    put(0, name);
    put(100, "0000644\0");
    put(124, bytes.length.toString(8).padStart(11, "0") + "\0");
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, type);
    put(257, "ustar\x0000");
    put(148, header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ");
    const padded = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
    padded.set(bytes);
    return [header, padded];
  });
  blocks.push(new Uint8Array(1024));
  const archive = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  blocks.reduce((at, block) => (archive.set(block, at), at + block.length), 0);
  return archive;
}

/** A PNG of stored numbers, each row with the filter of the same place in `filters`. */
export function labelPng({ width, height, labels }: LabelMap, { colour = 0, depth = 8, filters = [0], interlaced = 0 } = {}): Uint8Array {
  const rows: number[] = [], step = depth === 16 ? 2 : 1;
  const plain = Array.from({ length: height }, (_, y) => {
    const row = [...labels.subarray(y * width, (y + 1) * width)];
    if (depth === 16) return row.flatMap((v) => [0, v]);
    if (depth === 8) return row;
    const bytes = new Array(Math.ceil(width * depth / 8)).fill(0);
    row.forEach((v, x) => bytes[x * depth >> 3] |= v << (8 - depth - (x * depth & 7)));
    return bytes;
  });
  plain.forEach((row, y) => {
    const kind = filters[y % filters.length], above = plain[y - 1] ?? row.map(() => 0);
    rows.push(kind);
    row.forEach((value, i) => {
      const a = row[i - step] ?? 0, b = above[i], c = i >= step ? above[i - step] : 0, p = a + b - c;
      const nearest = [a, b, c].reduce((best, v) => Math.abs(p - v) < Math.abs(p - best) ? v : best);
      rows.push(value - [0, a, b, (a + b) >> 1, nearest][kind] & 255);
    });
  });
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colour, 0, 0, interlaced], 8);
  const palette = colour === 3 ? [chunk("PLTE", new Uint8Array(768).fill(7))] : [];
  const data = deflateSync(Uint8Array.from(rows)), half = data.length >> 1; // in two chunks, as writers do
  const parts = [
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk("IHDR", header),
    ...palette,
    chunk("IDAT", data.subarray(0, half)),
    chunk("IDAT", data.subarray(half)),
    chunk("IEND", new Uint8Array()),
  ];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + body.length), view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(body, 8);
  let crc = 0xffffffff;
  for (const byte of out.subarray(4, 8 + body.length)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  view.setUint32(8 + body.length, ~crc >>> 0);
  return out;
}
