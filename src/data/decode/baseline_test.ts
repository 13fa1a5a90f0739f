import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { decodeBaseline } from "./baseline.ts";
import { type Header, readHeader } from "./header.ts";
import { decodeJpeg } from "./jpeg.ts";
import { dropAlpha } from "./rgb.ts";

const refuse = (reason: string): never => {
  throw new Error(reason);
};
const fast = (bytes: Uint8Array) => decodeBaseline(bytes, (size) => new Uint8Array(size));
/** By libjpeg's module. */
const slow = async (bytes: Uint8Array) => dropAlpha(await decodeJpeg(bytes, readHeader(bytes, refuse), refuse), null);

interface Made {
  width: number;
  height: number;
  /** Blocks of luma across and down in a unit; [0, 0] for a grey picture. */
  sampling: [number, number];
  interval: number;
  quantiser: number;
}

/**
 * A JPEG of arbitrary coefficients: two Huffman tables, of DC sizes 0 to 6 and of AC symbols from a short code to ones of 16 bits. The
 * numbers come from a generator, so that every block has other ones.
 */
function made({ width, height, sampling: [h, v], interval, quantiser }: Made, seed: number): Uint8Array {
  const random = (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0, Math.floor(seed / 2 ** 32 * below));
  const segment = (marker: number, body: number[]) => [0xff, marker, body.length + 2 >> 8, body.length + 2 & 255, ...body];
  const grey = h === 0, ids = grey ? [1] : [1, 2, 3];
  // Codes of 3 bits for the DC. For the AC one symbol of each length from 2 to 16: end, short values, runs, a run of sixteen, long values.
  const dcSymbols = [0, 1, 2, 3, 4, 5, 6];
  const acSymbols = [0x00, 0x01, 0x02, 0x11, 0x21, 0x03, 0xf0, 0x04, 0x32, 0x51, 0x05, 0x73, 0x06, 0x14, 0x0a];
  const counts = (lengths: number[]) => Array.from({ length: 16 }, (_, i) => lengths.filter((length) => length === i + 1).length);
  const head = [
    ...segment(0xdb, [0, ...Array(64).fill(quantiser)]),
    ...segment(0xc0, [
      8,
      height >> 8,
      height & 255,
      width >> 8,
      width & 255,
      ids.length,
      ...ids.flatMap((id) => [id, id === 1 && !grey ? h << 4 | v : 0x11, 0]),
    ]),
    ...segment(0xc4, [0, ...counts(dcSymbols.map(() => 3)), ...dcSymbols]),
    ...segment(0xc4, [0x10, ...counts(acSymbols.map((_, i) => i + 2)), ...acSymbols]),
    ...(interval ? segment(0xdd, [interval >> 8, interval & 255]) : []),
    ...segment(0xda, [ids.length, ...ids.flatMap((id) => [id, 0]), 0, 63, 0]),
  ];
  const data: number[] = [];
  let held = 0, bits = 0;
  const put = (value: number, size: number) => {
    for (let i = size - 1; i >= 0; i--) {
      held = held << 1 | value >> i & 1;
      if (++bits < 8) continue;
      data.push(held, ...(held === 0xff ? [0] : []));
      held = bits = 0;
    }
  };
  const putBlock = () => {
    const size = random(7);
    put(dcSymbols.indexOf(size), 3);
    put(random(1 << size), size);
    for (let k = 1; k < 64;) {
      const i = k > 20 && random(3) ? 0 : random(acSymbols.length), symbol = acSymbols[i];
      if (i > 0 && k + (symbol >> 4) > (symbol === 0xf0 ? 47 : 63)) continue;
      put((1 << i + 1) - 2, i + 2); // 00, 010, 0110, ...: the canonical codes where each length from 2 has one symbol
      put(random(1 << (symbol & 15)), symbol & 15);
      if (symbol === 0) break;
      k += (symbol >> 4) + 1;
    }
  };
  const [across, down] = [Math.ceil(width / (8 * (h || 1))), Math.ceil(height / (8 * (v || 1)))];
  for (let unit = 0; unit < across * down; unit++) {
    if (interval && unit && unit % interval === 0) {
      while (bits) put(1, 1);
      data.push(0xff, 0xd0 + (unit / interval - 1 & 7));
    }
    for (let n = 0; n < (grey ? 1 : h * v + 2); n++) putBlock();
  }
  while (bits) put(1, 1);
  return Uint8Array.from([0xff, 0xd8, ...head, ...data, 0xff, 0xd9]);
}

const usual: Made = { width: 50, height: 37, sampling: [2, 2], interval: 0, quantiser: 3 };

test("decodeBaseline() gives the bytes of libjpeg: samplings, odd sizes, restarts, long codes, values beyond all limits", async () => {
  let seed = 1;
  for (const sampling of [[1, 1], [2, 1], [2, 2], [0, 0]] as const) {
    for (const [width, height] of [[5, 1], [8, 8], [16, 16], [17, 15], [33, 34], [50, 37], [131, 20], [6, 70]]) {
      for (const interval of [0, 1, 3]) {
        for (const quantiser of [1, 16, 255]) {
          const file = made({ width, height, sampling: [...sampling], interval, quantiser }, seed++);
          expect(fast(file), `${width}x${height}, ${sampling}, ${interval}, ${quantiser}`).toEqual(await slow(file));
        }
      }
    }
  }
});

test("decodeBaseline() leaves to libjpeg what is not the usual JPEG or has a fault", () => {
  const file = made(usual, 7),
    cut = (at: number, ...bytes: number[]) => Uint8Array.from([...file.subarray(0, at), ...bytes, ...file.subarray(at + 1)]);
  expect(fast(file)).not.toBeNull();
  const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0),
    scan = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xda);
  const others: Record<string, Uint8Array> = {
    progressive: cut(frame + 1, 0xc2),
    "12 bits": cut(frame + 4, 12),
    "4:1:1": cut(frame + 11, 0x41),
    "chroma of two blocks": cut(frame + 14, 0x21),
    "RGB by its names": Uint8Array.from(
      file,
      (byte, i) => byte >= 1 && byte <= 3 && [10, 13, 16].some((n) => i === frame + n) ? 81 + byte : byte,
    ),
    "four pixels wide": made({ ...usual, width: 4 }, 1),
    "a table that is not there": cut(scan + 6, 0x11),
    "a byte too many before the end": Uint8Array.from([...file.subarray(0, -2), 0x55, 0xff, 0xd9]),
    "a byte too few before the end": Uint8Array.from([...file.subarray(0, -12), 0xff, 0xd9]),
    "no end": file.subarray(0, -2),
    "codes that no table can have": cut(file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc4) + 5, 3),
  };
  for (const [name, other] of Object.entries(others)) expect(fast(other), name).toBeNull();
  const restarts = made({ ...usual, interval: 2 }, 5), marker = restarts.findIndex((byte, i) => byte === 0xff && restarts[i + 1] === 0xd1);
  restarts[marker + 1] = 0xd2;
  expect(fast(restarts), "restarts out of order").toBeNull();
});

test("decodeBaseline() decodes what libjpeg decodes, or nothing, wherever a bit is wrong", async () => {
  const file = made({ ...usual, width: 24, height: 18 }, 3), header = readHeader(file, refuse);
  let equal = 0;
  for (let at = 2; at < file.length; at += 2) {
    const damaged = file.slice();
    damaged[at] ^= 1 << at % 8;
    let size: Header;
    try {
      size = readHeader(damaged, refuse);
    } catch {
      continue; // decode() stops here
    }
    if (size.width * size.height > 1000 || size.format !== header.format) continue;
    const got = fast(damaged);
    if (!got) continue;
    expect(got, `byte ${at}`).toEqual(await slow(damaged));
    equal++;
  }
  expect(equal).toBeGreaterThan(20);
});

test("decodeBaseline() decodes each of the photos, to libjpeg's bytes", async () => {
  const folder = new URL("../../../../shared/data/imagenet-photos/images/", import.meta.url);
  if (!existsSync(folder)) return console.log("skipped: no ../shared/data/imagenet-photos");
  for (const name of readdirSync(folder).sort().filter((_, i) => i % 8 === 0)) {
    const file = readFileSync(new URL(name, folder));
    expect(Buffer.compare(fast(file)!, await slow(file)), name).toBe(0);
  }
});
