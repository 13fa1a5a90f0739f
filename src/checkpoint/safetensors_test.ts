import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openSafetensors, parseSafetensors, safetensorsFrom } from "./safetensors.ts";
import type { CheckpointSource } from "./source.ts";
import { checkpointError, expectDamageIsRefused, fixture, readBytes, readJson } from "./testing.ts";

/** A safetensors file from a header as text and a number of data bytes. */
function file(header: string | Uint8Array, dataBytes: number): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  return bytes;
}

test("openSafetensors() reads every dtype of st_edge.safetensors from bytes, path, file URL and Blob", async () => {
  const path = fixture("st_edge.safetensors"), manifest = fixture("st_edge.json");
  if (!path || !manifest) return;
  const { expected } = readJson(manifest) as { expected: Record<string, { dtype: string; shape: number[]; values: number[] }> };
  const bytes = readBytes(path);
  const sources: CheckpointSource[] = [bytes, path, pathToFileURL(path), new Blob([bytes])];
  for (const source of sources) {
    await using opened = await openSafetensors(source);
    expect(opened.tensors.size).toBe(Object.keys(expected).length);
    for (const [name, { dtype, shape, values }] of Object.entries(expected)) {
      expect(opened.tensors.get(name), name).toMatchObject({ name, dtype, shape });
      expect([...await opened.readNumbers(name)], name).toEqual(values);
      const rounded = ["F16", "BF16", "F32", "F64"].includes(dtype) ? values.map(Math.fround) : values;
      expect(Array.from(await opened.read(name) as Float32Array, Number), name).toEqual(rounded);
    }
  }
});

test("parseSafetensors() gives the array of each dtype", () => {
  const path = fixture("st_edge.safetensors");
  if (!path) return;
  const parsed = parseSafetensors(readBytes(path), "st_edge");
  const kinds = Object.fromEntries([...parsed.tensors.keys()].map((name) => [name, parsed.read(name).constructor.name]));
  expect(kinds).toEqual({
    u8_odd: "Uint8Array",
    f32_unaligned: "Float32Array",
    scalar: "Float32Array",
    empty: "Float32Array",
    f16: "Float32Array",
    bf16: "Float32Array",
    bool: "Uint8Array",
    i8: "Int8Array",
    i16: "Int16Array",
    i32: "Int32Array",
    i64: "BigInt64Array",
    f64: "Float32Array",
    "weight.é": "Float32Array",
  });
  expect(parsed.readFloat32("scalar")).toEqual(Float32Array.of(2.5));
  expect(() => parsed.readFloat32("i64")).toThrow("st_edge: i64 is I64, not a floating-point tensor");
  expect(() => parsed.read("nothing")).toThrow('st_edge: has no tensor "nothing", it has 13 (u8_odd');
});

test("openSafetensors() opens every published fixture and reads its tensors to the last byte", async () => {
  const folder = fixture("");
  if (!folder) return;
  const files = readdirSync(folder, { recursive: true }).map(String).filter((f) => f.endsWith(".safetensors") && !f.startsWith("st_bad"));
  expect(files.length).toBeGreaterThan(20);
  for (const name of files) {
    await using opened = await openSafetensors(join(folder, name));
    for (const { name, shape, bytes } of opened.tensors.values()) {
      expect((await opened.readRaw(name)).length).toBe(bytes);
      expect((await opened.read(name)).length).toBe(shape.reduce((a, b) => a * b, 1));
    }
  }
});

test("openSafetensors() refuses every file of st_bad and says why", async () => {
  const reasons: Record<string, RegExp> = {
    "header_len_huge.safetensors": /claims a header of 1152921504606846976 bytes, at most 100000000 are allowed/,
    "not_json.safetensors": /the header is not JSON/,
    "offset_past_end.safetensors": /"a" ends at data byte 12, the data has 8/,
    "size_mismatch.safetensors": /"a", F32 \(3\), needs 12 bytes and has 8/,
    "too_short.safetensors": /has 3 bytes, a safetensors file at least 8/,
    "truncated_data.safetensors": /"a" ends at data byte 8, the data has 5/,
  };
  const folder = fixture("st_bad");
  if (!folder) return;
  expect(readdirSync(folder).sort()).toEqual(Object.keys(reasons));
  for (const [name, reason] of Object.entries(reasons)) {
    const path = join(folder, name);
    expect((await checkpointError(() => openSafetensors(path))).message).toMatch(reason);
    expect((await checkpointError(() => openSafetensors(path))).message.startsWith(`${path}: `)).toBe(true);
    expect((await checkpointError(() => parseSafetensors(readBytes(path), name))).message).toMatch(reason);
  }
});

const f32 = (begin: number, end: number, shape = (end - begin) / 4) =>
  `{"dtype":"F32","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
const refused: [string, string | Uint8Array, number, RegExp][] = [
  ["overlap", `{"a":${f32(0, 8)},"b":${f32(4, 12)}}`, 12, /"b" begins at data byte 4, inside "a", which ends at 8/],
  ["a hole between tensors", `{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12, /data bytes 4 to 8 before "b" belong to no tensor/],
  ["a hole at the start", `{"a":${f32(4, 8)}}`, 8, /data bytes 0 to 4 before "a"/],
  ["trailing bytes", `{"a":${f32(0, 4)}}`, 5, /1 bytes follow the last tensor/],
  ["data without a tensor", `{}`, 1, /1 bytes follow the last tensor/],
  ["a repeated name", `{"a":${f32(0, 4)},"a":${f32(0, 4)}}`, 4, /"a" stands twice/],
  ["a repeated name in another spelling", `{"a":${f32(0, 4)},"\\u0061":${f32(0, 4)}}`, 4, /"a" stands twice/],
  ["a repeated field", `{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1, /"dtype" stands twice/],
  ["an unknown dtype", `{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,1]}}`, 1, /"a" has dtype "Q4", known are BOOL/],
  ["an inherited property as dtype", `{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,1]}}`, 1, /dtype "toString"/],
  ["a missing dtype", `{"a":{"shape":[1],"data_offsets":[0,1]}}`, 1, /"a" has dtype undefined/],
  ["a negative size", `{"a":{"dtype":"U8","shape":[-1,-1],"data_offsets":[0,1]}}`, 1, /"a" has shape \[-1,-1\]/],
  ["a fractional size", `{"a":{"dtype":"U8","shape":[0.5,2],"data_offsets":[0,1]}}`, 1, /"a" has shape \[0.5,2\]/],
  [
    "a shape beyond counting",
    `{"a":{"dtype":"U8","shape":[9007199254740991,9007199254740991],"data_offsets":[0,1]}}`,
    1,
    /needs 8.1\d+e\+31 bytes and has 1/,
  ],
  ["offsets backwards", `{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}`, 1, /data_offsets \[1,0\]/],
  ["three offsets", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, 1, /data_offsets \[0,1,2\]/],
  ["an entry that is no object", `{"a":[1]}`, 0, /"a" is not an object/],
  ["metadata that is no object", `{"__metadata__":"pt"}`, 0, /__metadata__ is not an object/],
  ["metadata that is no text", `{"__metadata__":{"epoch":3}}`, 0, /__metadata__ "epoch" is not a string/],
  ["a header that begins with a blank", ` {}`, 0, /does not begin with {/],
  ["an array as header", `[]`, 0, /does not begin with {/],
  ["an empty header", ``, 0, /does not begin with {/],
  ["nesting without end", `{"a":${"[".repeat(1_000_000)}`, 0, /not JSON/],
  ["text that is not UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 0, /not JSON/],
];
for (const [what, header, dataBytes, reason] of refused) {
  test(`parseSafetensors() refuses ${what}`, async () => {
    expect((await checkpointError(() => parseSafetensors(file(header, dataBytes), "x.safetensors"))).message).toMatch(reason);
  });
}

test("parseSafetensors() accepts padding, metadata, unusual names, and empty tensors anywhere", () => {
  const empty = (at: number) => `{"dtype":"I64","shape":[2,0],"data_offsets":[${at},${at}]}`;
  const header = `{"7":${f32(4, 8)},"__metadata__":{"kind":"a \\"b\\" {c}"},"__proto__":${f32(0, 4)},"e0":${empty(0)},"e4":${
    empty(4)
  },"e8":${empty(8)}}    `;
  const parsed = parseSafetensors(file(header, 8));
  expect([...parsed.tensors.keys()]).toEqual(["e0", "__proto__", "e4", "7", "e8"]);
  expect(parsed.metadata).toEqual({ kind: 'a "b" {c}' });
  expect(parsed.read("e4")).toEqual(new BigInt64Array(0));
  expect(parsed.read("__proto__")).toEqual(Float32Array.of(0));
});

test("parseSafetensors() takes metadata of millions of characters", () => {
  const long = JSON.stringify('"\\{'.repeat(1_000_000));
  expect(parseSafetensors(file(`{"__metadata__":{"note":${long}}}`, 0)).metadata.note.length).toBe(3_000_000);
});

test("readNumbers() refuses a 64-bit integer that a number would change", () => {
  const bytes = file(`{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}`, 8);
  bytes.fill(0xff, bytes.length - 8);
  expect(() => parseSafetensors(bytes, "x").readNumbers("a")).toThrow("x: a holds 18446744073709551615, more than a number");
  expect(parseSafetensors(bytes, "x").read("a")).toEqual(BigUint64Array.of(2n ** 64n - 1n));
});

test("a safetensors file is read by range: the header once, then only what is asked for", async () => {
  const bytes = file(`{"a":${f32(0, 8)},"b":${f32(8, 16)}}`, 16);
  const reads: [number, number][] = [];
  let closed = 0;
  const source = {
    name: "x",
    size: bytes.length,
    read(offset: number, length: number) {
      reads.push([offset, length]);
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
    close: () => Promise.resolve(void closed++),
  };
  const opened = await safetensorsFrom(source);
  await opened.read("b");
  await opened.close();
  expect(reads).toEqual([[0, 8], [8, bytes.length - 24], [bytes.length - 8, 8]]);
  expect(closed).toBe(1);
  await checkpointError(() => safetensorsFrom({ ...source, size: bytes.length - 1 }));
  expect(closed).toBe(2);
});

test("a damaged safetensors file is refused or read, never anything else", async () => {
  const header = `{"__metadata__":{"kind":"test"},"weight.é":${f32(0, 8)},"b":${f32(8, 12)}}  `;
  await expectDamageIsRefused(file(header, 12), 2000, async (damaged) => {
    await using opened = await openSafetensors(damaged);
    for (const name of opened.tensors.keys()) await opened.read(name);
  });
});

test("reading after close is a CheckpointError", async () => {
  const path = fixture("st_edge.safetensors");
  if (!path) return;
  const opened = await openSafetensors(path);
  await opened.close();
  expect((await checkpointError(() => opened.read("f64"))).message).toMatch(/st_edge.safetensors: cannot be read \(/);
});

test("openSafetensors() names a path that is not there or is a folder", async () => {
  expect((await checkpointError(() => openSafetensors("no/such.safetensors"))).message).toMatch(
    /^no\/such.safetensors: cannot be opened \(.*ENOENT/,
  );
  expect((await checkpointError(() => openSafetensors("."))).message).toBe(".: is not a file; give the path of a checkpoint file");
});
