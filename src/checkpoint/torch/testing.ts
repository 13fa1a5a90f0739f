// Pickles, zip archives and files of torch.save made by hand, for the tests of this folder.

const utf8 = (text: string) => [...new TextEncoder().encode(text)];
const little = (value: number, bytes: number) => Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

/** Opcodes, each with its arguments before it as they stand in a pickle. */
export const op = {
  protocol: (n: number) => [0x80, n],
  text: (s: string) => [0x58, ...little(utf8(s).length, 4), ...utf8(s)],
  int: (n: number) => [0x8a, 8, ...little(n, 8)],
  none: [0x4e],
  global: (module: string, name: string) => [0x63, ...utf8(`${module}\n${name}\n`)],
  call: (callee: number[], ...args: number[][]) => [...callee, ...op.tuple(...args), 0x52],
  tuple: (...items: number[][]) => [0x28, ...items.flat(), 0x74],
  list: (...items: number[][]) => [0x5d, 0x28, ...items.flat(), 0x65],
  dict: (items: Record<string, number[]>) => [0x7d, 0x28, ...Object.entries(items).flatMap(([k, v]) => [...op.text(k), ...v]), 0x75],
  persistent: (...id: number[][]) => [...op.tuple(...id), 0x51],
  stop: [0x2e],
};

export const pickle = (...body: number[][]): Uint8Array<ArrayBuffer> => Uint8Array.from([...op.protocol(2), ...body.flat(), ...op.stop]);

export interface HandMadeTensor {
  storage?: string;
  type?: string;
  elements?: number;
  offset?: number;
  shape: number[];
  strides: number[];
  /** Items after the five of a storage's persistent id: a view in legacy files. */
  more?: number[][];
}

/** The opcodes of a tensor as torch writes one. */
export function tensor(
  { storage = "0", type = "FloatStorage", elements = 6, offset = 0, shape, strides, more = [] }: HandMadeTensor,
): number[] {
  const id = [op.text("storage"), op.global("torch", type), op.text(storage), op.text("cpu"), op.int(elements), ...more];
  const sizes = (values: number[]) => op.tuple(...values.map(op.int));
  const hooks = op.call(op.global("collections", "OrderedDict"));
  return op.call(op.global("torch._utils", "_rebuild_tensor_v2"), op.persistent(...id), op.int(offset), sizes(shape), sizes(strides), [
    0x89,
  ], hooks);
}

export interface HandMadeEntry {
  bytes: Uint8Array;
  method?: number;
  flags?: number;
  /** Sizes and position in a zip64 field, 0xffffffff in their places. */
  zip64?: boolean;
  /** Zeros in the local header and the sizes behind the data, as a writer does that cannot seek. */
  descriptor?: boolean;
}

/** A zip archive; with `zip64` its end record is of the 64-bit form. */
export function zip(entries: [string, HandMadeEntry | Uint8Array][], { zip64 = false, comment = "" } = {}): Uint8Array<ArrayBuffer> {
  const file: number[] = [], directory: number[] = [];
  for (const [name, given] of entries) {
    const entry = given instanceof Uint8Array ? { bytes: given } : given;
    const { bytes, method = 0, descriptor = false } = entry;
    const flags = (entry.flags ?? 0) | (descriptor ? 8 : 0), wide = entry.zip64 ?? false;
    const header = file.length, size = little(bytes.length, 4), padding = 7;
    const local = descriptor ? [0, 0, 0, 0] : size;
    file.push(...little(0x04034b50, 4), 20, 0, ...little(flags, 2), ...little(method, 2), ...little(0, 8), ...local, ...local);
    file.push(...little(utf8(name).length, 2), ...little(padding, 2), ...utf8(name), ...little(0, padding), ...bytes);
    if (descriptor) file.push(...little(0x08074b50, 4), ...little(0, 4), ...size, ...size);
    const full = little(0xffffffff, 4);
    const extra = wide ? [9, 9, 0, 0, 1, 0, 24, 0, ...little(bytes.length, 8), ...little(bytes.length, 8), ...little(header, 8)] : [];
    directory.push(...little(0x02014b50, 4), 20, 0, 20, 0, ...little(flags, 2), ...little(method, 2), ...little(0, 8));
    directory.push(...(wide ? full : size), ...(wide ? full : size), ...little(utf8(name).length, 2), ...little(extra.length, 2));
    directory.push(...little(0, 10), ...(wide ? full : little(header, 4)), ...utf8(name), ...extra);
  }
  const position = file.length;
  file.push(...directory);
  if (zip64) {
    const end64 = file.length;
    file.push(
      ...little(0x06064b50, 4),
      ...little(44, 8),
      20,
      0,
      20,
      0,
      ...little(0, 8),
      ...little(entries.length, 8),
      ...little(entries.length, 8),
    );
    file.push(
      ...little(directory.length, 8),
      ...little(position, 8),
      ...little(0x07064b50, 4),
      ...little(0, 4),
      ...little(end64, 8),
      ...little(1, 4),
    );
  }
  const count = little(zip64 ? 0xffff : entries.length, 2), escape = (value: number) => little(zip64 ? 0xffffffff : value, 4);
  file.push(...little(0x06054b50, 4), ...little(0, 4), ...count, ...count, ...escape(directory.length), ...escape(position));
  file.push(...little(utf8(comment).length, 2), ...utf8(comment));
  return Uint8Array.from(file);
}

/** A zip file of torch.save with this value and these storages. */
export function torchZip(value: number[], storages: Record<string, ArrayBufferView> = {}): Uint8Array<ArrayBuffer> {
  const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const data = Object.entries(storages).map(([key, data]): [string, Uint8Array] => [`archive/data/${key}`, bytesOf(data)]);
  return zip([["archive/data.pkl", pickle(value)], ...data, ["archive/version", Uint8Array.of(51, 10)]]);
}

/** A file of torch.save before 1.6. */
export function torchLegacy(value: number[], storages: [string, number, ArrayBufferView][], littleEndian = true): Uint8Array<ArrayBuffer> {
  const magic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  const machine = op.dict({ little_endian: [littleEndian ? 0x88 : 0x89] });
  const pickles = [magic, op.int(1001), machine, value, op.list(...storages.map(([key]) => op.text(key)))].map((body) => [...pickle(body)]);
  const data = storages.map((
    [, count, { buffer, byteOffset, byteLength }],
  ) => [...little(count, 8), ...new Uint8Array(buffer, byteOffset, byteLength)]);
  return Uint8Array.from([...pickles, ...data].flat());
}
