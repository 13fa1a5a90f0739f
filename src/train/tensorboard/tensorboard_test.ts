import { afterAll, expect, test } from "bun:test";
import { pictureKinds } from "../report/inputs.ts";
import { readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { readMetrics } from "../run/metrics.ts";
import { exampleRun } from "../report/testing.ts";
import { crc32c, maskedCrc32c } from "./crc32c.ts";
import { encodeEvent } from "./event.ts";
import { writeEventFile } from "./mod.ts";
import { readRecords, record } from "./records.ts";

test("crc32c() has the checksums of RFC 3720, and the usual check value", () => {
  const bytes = (make: (i: number) => number) => Uint8Array.from({ length: 32 }, (_, i) => make(i));
  expect(crc32c(bytes(() => 0))).toBe(0x8a9136aa);
  expect(crc32c(bytes(() => 0xff))).toBe(0x62a8ab43);
  expect(crc32c(bytes((i) => i))).toBe(0x46dd794e);
  expect(crc32c(bytes((i) => 31 - i))).toBe(0x113fdb5c);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array())).toBe(0);
  expect(maskedCrc32c(new Uint8Array())).toBe(0xa282ead8);
});

test("readRecords() gives back what record() framed, and names the byte where something is wrong", () => {
  const parts = [new Uint8Array(), Uint8Array.of(1, 2, 3), new Uint8Array(1000).fill(7)].map(record);
  const file = Uint8Array.from(parts.flatMap((part) => [...part]));
  expect(readRecords(file, "f").map(({ length }) => length)).toEqual([0, 3, 1000]);
  const spoilt = (at: number) => file.with(at, file[at] ^ 1);
  expect(() => readRecords(spoilt(16), "f")).toThrow(/f: the checksum of a length is wrong at byte 16/);
  expect(() => readRecords(spoilt(16 + 12), "f")).toThrow(/the checksum of a record is wrong at byte 16/);
  expect(() => readRecords(file.subarray(0, -1), "f")).toThrow(/a record of 1000 bytes is cut short at byte 35/);
  expect(() => readRecords(file.subarray(0, 20), "f")).toThrow(/the file ends inside a record at byte 16/);
});

type Fields = Record<number, (number | Uint8Array)[]>;

/** Protobuf's wire format, by field number. */
function fields(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), found: Fields = {};
  let at = 0;
  const varint = () => {
    let value = 0, factor = 1, byte;
    do {
      byte = bytes[at++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte & 128);
    return value;
  };
  const readers: Record<number, () => number | Uint8Array> = {
    0: varint,
    1: () => view.getFloat64((at += 8) - 8, true),
    2: () => {
      const length = varint();
      return bytes.subarray(at, at += length);
    },
    5: () => view.getFloat32((at += 4) - 4, true),
  };
  while (at < bytes.length) {
    const tag = varint();
    (found[tag >> 3] ??= []).push(readers[tag & 7]());
  }
  return found;
}

const text = (value: number | Uint8Array) => new TextDecoder().decode(value as Uint8Array);

test("encodeEvent() writes the message's known bytes", () => {
  const hex = (bytes: Uint8Array) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
  expect(hex(encodeEvent({ wallTime: 1, step: 300, scalars: { a: 0.5 } }))).toBe(
    "09 00 00 00 00 00 00 f0 3f 10 ac 02 2a 0a 0a 08 0a 01 61 15 00 00 00 3f",
  );
});

const folder = await exampleRun();
afterAll(() => rmSync(dirname(folder), { recursive: true }));

test("the event file of a run holds its version, every number of the record and every picture", () => {
  const path = writeEventFile(folder);
  expect(path).toMatch(/events\.out\.tfevents\.\d+\.zellige$/);
  const events = readRecords(readFileSync(path), path).map(fields), metrics = readMetrics(`${folder}/metrics.jsonl`);
  expect(text(events[0][3][0])).toBe("brain.Event:2");
  const values = events.flatMap((event) =>
    (event[5] ?? []).flatMap((summary) => (fields(summary as Uint8Array)[1] ?? []).map((v) => ({ event, of: fields(v as Uint8Array) })))
  );
  const scalars = values.filter((value) => value.of[2]),
    wanted = metrics.flatMap((line) =>
      (["train", "measured", "schedule", "speed", "memory"] as const).flatMap((part) =>
        Object.entries(line[part] ?? {}).map(([name, v]) => ({ line, tag: `${line.job}/${part}/${name}`, v }))
      )
    );
  expect(scalars).toHaveLength(wanted.length);
  scalars.forEach((value, i) => {
    expect(text(value.of[1][0])).toBe(wanted[i].tag);
    expect(value.of[2][0]).toBe(Math.fround(wanted[i].v));
    expect(value.event[2][0]).toBe(wanted[i].line.jobStep);
    expect(value.event[1][0]).toBe(wanted[i].line.time / 1000);
  });
  const images = values.filter((value) => value.of[4]).map((value) => ({
    tag: text(value.of[1][0]),
    of: fields(value.of[4][0] as Uint8Array),
  }));
  expect(images).toHaveLength(Object.keys(pictureKinds).length + 1); // and one of no known kind
  expect(images[0].tag).toBe("pictures/attention-1");
  expect([images[0].of[1][0], images[0].of[2][0]]).toEqual([24, 96]);
  expect(new Uint8Array(images[0].of[4][0] as Uint8Array)).toEqual(new Uint8Array(readFileSync(`${folder}/pictures/attention-1.png`)));
});

test("writing again gives the same bytes under the same name", () => {
  const first = readFileSync(writeEventFile(folder));
  expect(readFileSync(writeEventFile(folder)).equals(first)).toBe(true);
});
