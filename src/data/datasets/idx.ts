// IDX arrays of bytes (MNIST and its kin), plain or gzip: pictures in one file, labels in another.
// Format: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
// deno-lint-ignore-file require-await -- a failure must be a rejection
import { existsSync } from "node:fs";
import { DataError } from "../../errors.ts";
import type { DataSet, Sample } from "./dataset.ts";
import { readWhole } from "./read_at.ts";

export interface IdxOptions {
  /** A folder with the published names ({train,t10k}-images-idx3-ubyte[.gz]), or the file of pictures itself. */
  path: string;
  /** Which files of a folder. */
  split?: "train" | "test";
  /** The file of labels where `path` is a file. */
  labels?: string;
  classes?: string[];
}

/** An IDX file in memory: `data` has the product of `shape` elements, last axis fastest. */
export interface IdxArray {
  shape: number[];
  data: Uint8Array;
}

export const idx = {
  about: "IDX files, plain or .gz (MNIST, Fashion-MNIST)",

  /** Opens pictures (N, H, W) and labels (N); grey becomes RGB at `read`. Throws DataError where the two disagree. */
  async open({ path, split = "train", labels, classes }: IdxOptions): Promise<DataSet> {
    const prefix = `${path}/${split === "train" ? "train" : "t10k"}`;
    const inFolder = existsSync(plainOrGz(`${prefix}-images-idx3-ubyte`));
    const file = inFolder ? plainOrGz(`${prefix}-images-idx3-ubyte`) : path;
    const labelFile = labels ?? (inFolder ? plainOrGz(`${prefix}-labels-idx1-ubyte`) : undefined);
    const { shape: [length, height, width, ...more], data } = await readIdx(file);
    if (!width || more.length > 0) throw new DataError(`${file}: is no array (N, H, W) of pictures; give the file of images`);
    const numbers = labelFile ? await readLabels(labelFile, file, length, classes?.length) : undefined;
    const area = height * width;
    return {
      name: path,
      length,
      classes,
      async read(index: number): Promise<Sample> {
        const pixels = new Uint8Array(3 * area);
        for (let p = 0; p < area; p++) pixels.fill(data[index * area + p], 3 * p, 3 * p + 3);
        return { name: `${file}#${index}`, picture: { width, height, pixels }, label: numbers?.[index] };
      },
    };
  },
};

/** Reads an IDX file of unsigned bytes, gzip or not (told by content). Throws DataError for another kind, a cut file or a false count. */
export async function readIdx(path: string): Promise<IdxArray> {
  const bytes = readWhole(path);
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const stream = new Blob([bytes]).stream();
  const chunks = zipped ? stream.pipeThrough(new DecompressionStream("gzip")) : stream;

  // Filled as it unpacks, never beyond what the header promises: a false header or an endless gzip cannot fill the memory.
  let head = new Uint8Array(0), array: IdxArray | undefined, filled = 0;
  try {
    for await (const chunk of chunks) {
      if (!array) {
        head = joined(head, chunk);
        const start = 4 + 4 * (head[3] ?? 0);
        if (head.length < Math.max(start, 4)) continue;
        array = { shape: idxShape(path, head, bytes.length, zipped), data: new Uint8Array(0) };
        array.data = new Uint8Array(product(array.shape));
        filled = fill(path, array, 0, head.subarray(start));
      } else filled = fill(path, array, filled, chunk);
    }
  } catch (error) {
    throw error instanceof DataError
      ? error
      : new DataError(`${path}: the gzip stream is broken (${(error as Error).message}); fetch it again`);
  }
  if (!array) throw new DataError(`${path}: has ${head.length} bytes, too few for an IDX header; it is empty or cut short`);
  if (filled < array.data.length) {
    throw new DataError(
      `${path}: says ${array.shape.join(" x ")} and holds ${filled} of ${array.data.length} bytes; it is cut short, fetch it again`,
    );
  }
  return array;
}

function idxShape(path: string, head: Uint8Array, fileSize: number, zipped: boolean): number[] {
  const view = new DataView(head.buffer, head.byteOffset);
  const magic = view.getUint32(0), axes = head[3];
  if (magic >>> 8 !== 0x000008 || axes === 0) {
    throw new DataError(
      `${path}: starts with ${magic.toString(16).padStart(8, "0")}, IDX of unsigned bytes with 0000080n; it is no such file`,
    );
  }
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const most = zipped ? fileSize * 1032 : fileSize; // 1032: the most that deflate can shrink
  if (product(shape) > most) {
    throw new DataError(`${path}: says ${shape.join(" x ")}, its ${fileSize} bytes cannot hold that; the header is damaged`);
  }
  return shape;
}

function fill(path: string, { shape, data }: IdxArray, filled: number, chunk: Uint8Array): number {
  if (filled + chunk.length > data.length) {
    throw new DataError(`${path}: holds more than the ${shape.join(" x ")} its header says; it is damaged`);
  }
  data.set(chunk, filled);
  return filled + chunk.length;
}

async function readLabels(path: string, pictures: string, length: number, classes?: number): Promise<Uint8Array> {
  const { shape, data } = await readIdx(path);
  if (shape.length !== 1 || shape[0] !== length) {
    throw new DataError(
      `${path}: has ${shape.join(" x ")} labels, ${pictures} has ${length} pictures; the two files do not belong together`,
    );
  }
  const wrong = classes === undefined ? -1 : data.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new DataError(`${path}: label ${wrong} is ${data[wrong]}, there are ${classes} classes; the file or the class list is wrong`);
  }
  return data;
}

const plainOrGz = (path: string) => existsSync(path) ? path : `${path}.gz`;
const product = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
