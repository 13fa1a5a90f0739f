// CIFAR .bin and IDX: formats that hold pixels.
import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { cifar } from "./cifar.ts";
import { idx, readIdx } from "./idx.ts";
import { readAll, sharedData, withFolder } from "./testing.ts";

/** One CIFAR record whose three planes are constant. */
const record = (
  labels: number[],
  [r, g, b]: number[],
) => [...labels, ...new Array(1024).fill(r), ...new Array(1024).fill(g), ...new Array(1024).fill(b)];

describe("cifar", () => {
  test("reads records as (H, W, 3), over several files, with their class names", () =>
    withFolder({
      "data_batch_1.bin": Uint8Array.from(record([3], [1, 2, 3])),
      "data_batch_2.bin": Uint8Array.from([...record([9], [4, 5, 6]), ...record([0], [7, 8, 9])]),
      "test_batch.bin": Uint8Array.from(record([5], [0, 0, 0])),
      "batches.meta.txt": "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n",
    }, async (path) => {
      const set = await cifar.open({ path });
      expect((await readAll(set)).map(({ name, label, picture }) => [name.slice(path.length), label, ...picture!.pixels.subarray(0, 4)]))
        .toEqual([
          ["/data_batch_1.bin#0", 3, 1, 2, 3, 1],
          ["/data_batch_2.bin#0", 9, 4, 5, 6, 4],
          ["/data_batch_2.bin#1", 0, 7, 8, 9, 7],
        ]);
      expect(set.classes).toHaveLength(10);
      expect((await cifar.open({ path, split: "test" })).length).toBe(1);
      await expect(cifar.open({ path, classes: 100 })).rejects.toThrow(/has no train files of CIFAR-100/);
    }));

  test("takes the fine label of CIFAR-100", () =>
    withFolder({ "train.bin": Uint8Array.from(record([4, 77], [1, 2, 3])) }, async (path) => {
      const sample = await (await cifar.open({ path, classes: 100 })).read(0);
      expect([sample.label, sample.picture!.pixels[0]]).toEqual([77, 1]);
    }));

  test("refuses a file that is no whole number of records, and a label out of range by its record", () =>
    withFolder(
      { "a.bin": Uint8Array.from(record([3], [1, 2, 3]).slice(1)), "b.bin": Uint8Array.from(record([77], [1, 2, 3])) },
      async (path) => {
        await expect(cifar.open({ path: `${path}/a.bin` })).rejects.toThrow(/a.bin: has 3072 bytes, not a multiple of 3073/);
        await expect((await cifar.open({ path: `${path}/b.bin` })).read(0)).rejects.toThrow(/b.bin#0: has label 77, there are 10 classes/);
      },
    ));
});

const idxFile = (shape: number[], data: number[]) =>
  Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255]), ...data]);
const twoPictures = idxFile([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

describe("idx", () => {
  test("reads plain and gzip files alike, raw and as pictures with labels", async () => {
    for (const zip of [(bytes: Uint8Array) => bytes, gzipSync]) {
      const end = zip === gzipSync ? ".gz" : "";
      const files = { [`t10k-images-idx3-ubyte${end}`]: zip(twoPictures), [`t10k-labels-idx1-ubyte${end}`]: zip(idxFile([2], [4, 0])) };
      await withFolder(files, async (path) => {
        const { shape, data } = await readIdx(`${path}/t10k-images-idx3-ubyte${end}`);
        expect([shape, [...data]]).toEqual([[2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]);
        const sample = await (await idx.open({ path, split: "test" })).read(0);
        expect(sample.label).toBe(4);
        expect(sample.picture).toEqual({
          width: 3,
          height: 2,
          pixels: Uint8Array.from([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6]),
        });
      });
    }
  });

  test("refuses labels that do not belong to the pictures", () =>
    withFolder({ images: twoPictures, three: idxFile([3], [0, 1, 2]), nine: idxFile([2], [0, 9]) }, async (path) => {
      const open = (labels: string) => idx.open({ path: `${path}/images`, labels: `${path}/${labels}`, classes: ["a", "b"] });
      await expect(open("three")).rejects.toThrow(/has 3 labels, .*images has 2 pictures/);
      await expect(open("nine")).rejects.toThrow(/label 1 is 9, there are 2 classes/);
      await expect(open("images")).rejects.toThrow(/has 2 x 2 x 3 labels/);
      await expect(idx.open({ path: `${path}/nine` })).rejects.toThrow(/is no array \(N, H, W\) of pictures/);
    }));

  test("refuses headers that the data do not bear out", async () => {
    const zipped = gzipSync(twoPictures);
    const damaged: [string, Uint8Array, RegExp][] = [
      ["empty", new Uint8Array(0), /has 0 bytes, too few for an IDX header/],
      ["no header", Uint8Array.from([0, 0, 8, 3, 0, 0]), /has 6 bytes, too few/],
      ["floats", Uint8Array.from([0, 0, 13, 1, 0, 0, 0, 0]), /starts with 00000d01/],
      ["too few", idxFile([3, 2, 3], new Array(12).fill(0)), /says 3 x 2 x 3 and holds 12 of 18/],
      ["too many", idxFile([1, 2, 3], new Array(12).fill(0)), /holds more than the 1 x 2 x 3/],
      ["four thousand million", idxFile([0xffffffff, 28, 28], [1]), /its 17 bytes cannot hold that/],
      ["gzip cut", zipped.subarray(0, zipped.length - 9), /gzip stream is broken/],
      ["gzip that goes on", gzipSync(idxFile([1, 2, 3], new Array(1 << 20).fill(0))), /holds more than/],
    ];
    for (const [name, bytes, message] of damaged) {
      await withFolder({ file: bytes }, (path) => expect(readIdx(`${path}/file`), name).rejects.toThrow(message));
    }
  });
});

test("the real CIFAR and MNIST files have their stated sizes and all classes", async () => {
  const bin = sharedData("cifar10-bin"), mnist = sharedData("mnist-idx");
  if (!bin || !mnist) return;
  const train = await cifar.open({ path: bin }), digits = await idx.open({ path: mnist, split: "test" });
  expect([train.length, train.classes![9], digits.length]).toEqual([10_000, "truck", 10_000]);
  const labels = await Promise.all(Array.from({ length: 200 }, async (_, i) => (await digits.read(i)).label));
  expect([...new Set(labels)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
