import { CheckpointError } from "../errors.ts";
import type { TensorInfo } from "./checkpoint.ts";
import { bytesPer, type Dtype } from "./dtype.ts";

/** The reference library's limit; a longer header is taken for a file of another kind. */
export const maxHeaderBytes = 100_000_000;

/** A tensor's entry with its place in the file. */
export interface Placed extends TensorInfo {
  readonly offset: number;
}

export interface Header {
  /** By place in the file, not by place in the header. */
  tensors: Map<string, Placed>;
  metadata: Record<string, string>;
}

/** The header's length from a file's first 8 bytes (little-endian u64). */
export function headerLength(start: Uint8Array, fileBytes: number, file: string): number {
  if (start.length < 8) throw new CheckpointError(`${file}: has ${fileBytes} bytes, a safetensors file at least 8; is it complete?`);
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > maxHeaderBytes) {
    throw new CheckpointError(
      `${file}: claims a header of ${length} bytes, at most ${maxHeaderBytes} are allowed; it is not a safetensors file`,
    );
  }
  if (Number(length) > fileBytes - 8) {
    throw new CheckpointError(`${file}: claims a header of ${length} bytes, ${fileBytes - 8} follow; is it complete?`);
  }
  return Number(length);
}

/** Reads and checks a header: every tensor's size must be its shape's, and together they must fill the data exactly. */
export function parseHeader(header: Uint8Array, fileBytes: number, file: string): Header {
  const fail = (reason: string, advice = "the file is damaged or not safetensors"): never => {
    throw new CheckpointError(`${file}: ${reason}; ${advice}`);
  };
  const json = parseJson(header, fail);
  const dataStart = 8 + header.length, dataBytes = fileBytes - dataStart;
  const metadata = "__metadata__" in json ? checkMetadata(json.__metadata__, fail) : {};

  const placed: Placed[] = [];
  for (const [name, entry] of Object.entries(json)) {
    if (name !== "__metadata__") placed.push(checkEntry(name, entry, dataStart, dataBytes, fail));
  }
  placed.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes); // an empty tensor stands before the one that starts at its place
  let end = dataStart, before = "the header";
  for (const { name, offset, bytes } of placed) {
    if (offset < end) fail(`${quote(name)} begins at data byte ${offset - dataStart}, inside ${before}, which ends at ${end - dataStart}`);
    if (offset > end) fail(`data bytes ${end - dataStart} to ${offset - dataStart} before ${quote(name)} belong to no tensor`);
    end = offset + bytes;
    before = quote(name);
  }
  if (end < fileBytes) fail(`${fileBytes - end} bytes follow the last tensor`);
  return { tensors: new Map(placed.map((tensor) => [tensor.name, tensor])), metadata };
}

type Fail = (reason: string, advice?: string) => never;
const quote = JSON.stringify;

function parseJson(header: Uint8Array, fail: Fail): Record<string, unknown> {
  if (header[0] !== 0x7b) fail("the header does not begin with {");
  let text: string, json: Record<string, unknown>;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
    json = JSON.parse(text);
  } catch (error) {
    return fail(`the header is not JSON (${(error as Error).message})`);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) fail(`${quote(twice)} stands twice in the header`);
  return json;
}

/** The first key that an object of this (valid) JSON text has twice; JSON.parse would silently keep the last one. */
function repeatedKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      const start = at++;
      while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      let next = at + 1;
      while (text.charCodeAt(next) <= 0x20) next++;
      if (text[next] !== ":") continue;
      const key: string = JSON.parse(text.slice(start, at + 1)); // decoded: one name may have several spellings
      const seen = open[open.length - 1];
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
}

function checkMetadata(metadata: unknown, fail: Fail): Record<string, string> {
  if (!isObject(metadata)) fail("__metadata__ is not an object");
  for (const [key, value] of Object.entries(metadata as object)) {
    if (typeof value !== "string") fail(`__metadata__ ${quote(key)} is not a string`);
  }
  return metadata as Record<string, string>;
}

function checkEntry(name: string, entry: unknown, dataStart: number, dataBytes: number, fail: Fail): Placed {
  if (!isObject(entry)) return fail(`${quote(name)} is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(bytesPer, dtype)) {
    return fail(
      `${quote(name)} has dtype ${quote(dtype) ?? "undefined"}, known are ${Object.keys(bytesPer).join(", ")}`,
      "save it in one of these",
    );
  }
  if (!isCounts(shape)) return fail(`${quote(name)} has shape ${quote(shape) ?? "undefined"}, expected whole numbers`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`${quote(name)} has data_offsets ${quote(offsets) ?? "undefined"}, expected [begin, end]`);
  }
  const [begin, end] = offsets;
  if (end > dataBytes) return fail(`${quote(name)} ends at data byte ${end}, the data has ${dataBytes}`);
  const wanted = shape.reduce((product, size) => product * size, bytesPer[dtype as Dtype]);
  if (wanted !== end - begin) return fail(`${quote(name)}, ${dtype} (${shape.join(", ")}), needs ${wanted} bytes and has ${end - begin}`);
  return { name, dtype: dtype as Dtype, shape, bytes: wanted, offset: dataStart + begin };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
}
