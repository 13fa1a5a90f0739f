import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { parquetWriteBuffer, type ParquetWriteOptions } from "npm:hyparquet-writer@0.17.0";
import { parquet } from "./parquet.ts";
import { readAll, sharedData, withFolder } from "./testing.ts";

const picture = (i: number) => Uint8Array.from({ length: 50 + i }, (_, k) => (i * 7 + k) & 255);
const rows = Array.from({ length: 25 }, (_, i) => i);
const file = (options: Omit<ParquetWriteOptions, "writer">) => new Uint8Array(parquetWriteBuffer({ rowGroupSize: 10, ...options }));

const flat = (options = {}) =>
  file({
    columnData: [
      { name: "image", data: rows.map(picture), type: "BYTE_ARRAY" },
      { name: "label", data: Int32Array.from(rows, (i) => i % 3), type: "INT32" },
    ],
    ...options,
  });

const huggingFace = file({
  schema: [
    { name: "root", num_children: 2 },
    { name: "img", num_children: 2, repetition_type: "OPTIONAL" },
    { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
    { name: "path", type: "BYTE_ARRAY", repetition_type: "OPTIONAL", converted_type: "UTF8" },
    { name: "label", type: "INT64", repetition_type: "OPTIONAL" },
  ],
  columnData: [
    { name: "img", data: rows.map((i) => ({ bytes: picture(i), path: `ü${i}.jpg` })) },
    { name: "label", data: BigInt64Array.from(rows, (i) => BigInt(i % 3)) },
  ],
  kvMetadata: [{
    key: "huggingface",
    value: JSON.stringify({ info: { features: { label: { names: ["a", "b", "c"], _type: "ClassLabel" } } } }),
  }],
});

describe("parquet", () => {
  test("reads the Hugging Face layout with its class names", () =>
    withFolder({ "train-0.parquet": huggingFace, "test-0.parquet": huggingFace }, async (path) => {
      const set = await parquet.open({ path, split: "train" });
      expect([set.length, set.classes]).toEqual([25, ["a", "b", "c"]]);
      expect(await readAll(set)).toEqual(
        rows.map((i) => ({ name: `${path}/train-0.parquet#${i} (ü${i}.jpg)`, bytes: picture(i), label: i % 3 })),
      );
    }));

  test("reads a flat column in any order, over row groups, pages and files, with every usual compression", async () => {
    const compressions: ParquetWriteOptions["codec"][] = ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"];
    const compressors = {
      GZIP: (b: Uint8Array) => new Uint8Array(gzipSync(b)),
      ZSTD: (b: Uint8Array) => new Uint8Array(zstdCompressSync(b)),
    };
    for (const codec of compressions) {
      await withFolder(
        { "0.parquet": flat({ codec, compressors, pageSize: 200 }), "1.parquet": flat({ codec, compressors }) },
        async (path) => {
          const set = await parquet.open({ path });
          const again = await parquet.open({ path }, { listing: structuredClone(set.listing) });
          for (const index of [49, 0, 13, 24, 25, 9, 10, 31]) {
            const sample = await again.read(index);
            expect([sample.bytes, sample.label], `${codec} row ${index}`).toEqual([picture(index % 25), index % 25 % 3]);
          }
        },
      );
    }
  });

  test("refuses files that are cut, damaged, without the column, or whose rows have no picture or a strange label", () =>
    withFolder({ "a.parquet": flat() }, async (path) => {
      const a = `${path}/a.parquet`;
      await expect(parquet.open({ path: a, image: "photo" })).rejects.toThrow(/has no column photo \(it has image, label\)/);
      await expect((await parquet.open({ path: a, classes: ["x", "y"] })).read(2)).rejects.toThrow(
        /a.parquet#2: has label 2, the set has 2 classes/,
      );
      await expect((await parquet.open({ path: a, image: "label" })).read(0)).rejects.toThrow(/has no picture bytes in column label/);
      const set = await parquet.open({ path: a });
      writeFileSync(a, flat().subarray(0, 100));
      await expect(set.read(0)).rejects.toThrow(/a.parquet: .* the file has 100; it was cut short/);
      await expect(parquet.open({ path: a })).rejects.toThrow(/a.parquet: is no readable parquet file/);
      await expect(parquet.open({ path: `${path}/none` })).rejects.toThrow(/none: no such file/);
    }));

  test("reads the real shards", async () => {
    const path = sharedData("tiny-imagenet-parquet");
    if (!path) return;
    const set = await parquet.open({ path, split: "train" });
    expect(set.length).toBe(15_000);
    for (const index of [14_999, 0, 5_000]) expect([...(await set.read(index)).bytes!.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  });
});
