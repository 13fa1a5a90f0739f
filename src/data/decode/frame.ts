// What stands before the data of a baseline JPEG (ITU-T T.81, annex B).

export interface Component {
  id: number;
  /** Blocks across and down in one unit of data. */
  h: number;
  v: number;
  quantiser: number;
  /** Huffman tables, 0 or 1. */
  dc: number;
  ac: number;
}

export interface Frame {
  width: number;
  height: number;
  /** One (grey), or luma and two of chroma. */
  components: Component[];
  /** 64 in the file's order, by number. */
  quantisers: (Uint8Array | undefined)[];
  /** 16 counts and the symbols: DC 0 and 1, AC 0 and 1. */
  huffman: (Uint8Array | undefined)[];
  /** Units of data between restarts; 0 for none. */
  interval: number;
  /** Where the data begins. */
  data: number;
}

/** Null where the JPEG is not of the usual kind, or not as an encoder would write it. */
export function readFrame(bytes: Uint8Array): Frame | null {
  const frame: Frame = {
    width: 0,
    height: 0,
    components: [],
    quantisers: Array(4).fill(undefined),
    huffman: Array(4).fill(undefined),
    interval: 0,
    data: 0,
  };
  const colours = { jfif: false, adobe: -1 };
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1], length = bytes[at + 2] * 256 + bytes[at + 3], end = at + 2 + length;
    if (bytes[at] !== 0xff || length < 2 || end > bytes.length) return null;
    const body = bytes.subarray(at + 4, end);
    at = end;
    if (marker === 0xda) return readScan(body, frame, colours) ? { ...frame, data: at } : null;
    if (!readSegment(marker, body, frame, colours)) return null;
  }
  return null;
}

function readSegment(marker: number, body: Uint8Array, frame: Frame, colours: { jfif: boolean; adobe: number }): boolean {
  if (marker === 0xe0) colours.jfif ||= body.length >= 12 && starts(body, "JFIF\0");
  else if (marker === 0xee && body.length >= 12 && starts(body, "Adobe")) colours.adobe = body[11];
  else if (marker === 0xdb) return readQuantisers(body, frame);
  else if (marker === 0xc4) return readHuffman(body, frame);
  else if (marker === 0xc0) return readComponents(body, frame);
  else if (marker === 0xdd) {
    if (body.length !== 2) return false;
    frame.interval = body[0] * 256 + body[1];
  } else return marker > 0xe0 && marker <= 0xef || marker === 0xfe; // applications' data and comments
  return true;
}

const starts = (body: Uint8Array, text: string) => [...text].every((char, i) => body[i] === char.charCodeAt(0));

function readQuantisers(body: Uint8Array, { quantisers }: Frame): boolean {
  if (body.length % 65 !== 0) return false;
  for (let at = 0; at < body.length; at += 65) {
    if (body[at] > 3) return false; // 16 bits, or a number that no component can name
    quantisers[body[at]] = body.subarray(at + 1, at + 65);
  }
  return true;
}

function readHuffman(body: Uint8Array, { huffman }: Frame): boolean {
  let at = 0;
  while (at + 17 <= body.length) {
    const [kind, number] = [body[at] >> 4, body[at] & 15], symbols = body.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
    const end = at + 17 + symbols;
    if (kind > 1 || number > 1 || symbols > 256 || end > body.length) return false;
    huffman[2 * kind + number] = body.subarray(at + 1, end);
    at = end;
  }
  return at === body.length;
}

function readComponents(body: Uint8Array, frame: Frame): boolean {
  const number = body[5];
  if (body[0] !== 8 || (number !== 1 && number !== 3) || body.length !== 6 + 3 * number || frame.components.length > 0) return false;
  frame.height = body[1] * 256 + body[2];
  frame.width = body[3] * 256 + body[4];
  for (let at = 6; at < body.length; at += 3) {
    frame.components.push({ id: body[at], h: body[at + 1] >> 4, v: body[at + 1] & 15, quantiser: body[at + 2], dc: 0, ac: 0 });
  }
  const [luma, ...chroma] = frame.components;
  if (frame.components.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) return false;
  if (number === 1) luma.h = luma.v = 1; // the units of a single component are its blocks
  const sampled = luma.v === 1 ? luma.h === 1 || luma.h === 2 : luma.v === 2 && luma.h === 2;
  // libjpeg interpolates chroma only where it is wider than two samples.
  const interpolated = luma.h === 1 || frame.width > 4;
  return frame.height > 0 && frame.width > 0 && sampled && interpolated && chroma.every(({ h, v }) => h === 1 && v === 1) &&
    frame.components.every(({ quantiser }) => quantiser < 4);
}

/** The head of the only scan: all components, all coefficients; and what tells libjpeg that the colours are YCbCr. */
function readScan(body: Uint8Array, { components }: Frame, { jfif, adobe }: { jfif: boolean; adobe: number }): boolean {
  const n = components.length;
  if (n === 0 || body[0] !== n || body.length !== 4 + 2 * n) return false;
  for (const [i, component] of components.entries()) {
    const [dc, ac] = [body[2 + 2 * i] >> 4, body[2 + 2 * i] & 15];
    if (body[1 + 2 * i] !== component.id || dc > 1 || ac > 1) return false;
    Object.assign(component, { dc, ac });
  }
  if (body[1 + 2 * n] !== 0 || body[2 + 2 * n] !== 63 || body[3 + 2 * n] !== 0) return false;
  if (n === 1) return true;
  return adobe === -1 ? jfif || components.every(({ id }, i) => id === i + 1) : adobe === 1;
}
