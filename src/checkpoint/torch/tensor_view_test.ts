import { expect, test } from "bun:test";
import { bytesPer, type Dtype } from "../dtype.ts";
import { Storage, TensorView } from "./tensor_view.ts";

/** A storage of bytes 0, 1, 2, ... that notes what is read of it. */
function counting(dtype: Dtype, elements: number, reads: [number, number][] = []): Storage {
  const bytes = Uint8Array.from({ length: elements * bytesPer[dtype] + 1 }, (_, i) => i - 1); // off by one: unaligned
  return new Storage("7", dtype, elements, (begin, length) => {
    reads.push([begin, length]);
    return Promise.resolve(bytes.subarray(1 + begin, 1 + begin + length));
  });
}

test("TensorView.read() puts any strided view in row-major order", async () => {
  const views: [number, number[], number[]][] = [
    [0, [2, 3], [1, 2]], // transposed
    [3, [2, 2], [5, 2]],
    [1, [2, 1, 3], [4, 99, 1]], // a step along an axis of one does not matter
    [0, [3, 2, 2], [0, 1, 0]], // repeated
    [2, [2, 2, 2, 2], [1, 2, 4, 8]],
    [5, [], []],
    [0, [4], [3]],
  ];
  for (const dtype of ["U8", "F16", "F32", "I64"] as Dtype[]) {
    for (const [offset, shape, strides] of views) {
      const width = bytesPer[dtype], expected: number[] = [];
      const walk = (at: number, axis: number) => {
        if (axis === shape.length) { for (let b = 0; b < width; b++) expected.push((at * width + b) & 255); }
        else for (let i = 0; i < shape[axis]; i++) walk(at + i * strides[axis], axis + 1);
      };
      walk(offset, 0);
      const view = new TensorView(counting(dtype, 20), dtype, offset, shape, strides);
      expect([...await view.read()], `${dtype} (${shape}) (${strides})`).toEqual(expected);
      expect(view.bytes).toBe(expected.length);
    }
  }
});

test("TensorView.read() asks for no more than lies between its first and last element, and for nothing if it has none", async () => {
  const reads: [number, number][] = [];
  await new TensorView(counting("F32", 20, reads), "F32", 4, [2, 2], [3, 1]).read();
  expect(reads).toEqual([[16, 20]]);
  await new TensorView(counting("F32", 20, reads), "F32", 999, [0, 3], [3, 1]).read();
  expect(reads.length).toBe(1);
});

test("TensorView.read() does not copy what is in order", async () => {
  const bytes = new Uint8Array(80);
  const storage = new Storage("0", "F32", 20, (begin, length) => Promise.resolve(bytes.subarray(begin, begin + length)));
  const read = (offset: number, shape: number[], strides: number[]) => new TensorView(storage, "F32", offset, shape, strides).read();
  expect((await read(4, [2, 3], [3, 1])).buffer).toBe(bytes.buffer);
  expect((await read(4, [2, 3], [1, 2])).buffer).not.toBe(bytes.buffer);
});

const refused: [string, number, number[], number[], RegExp][] = [
  ["past the end", 1, [4, 5], [5, 1], /needs 84 bytes of storage 7, which has 80/],
  ["with a step past the end", 0, [2], [20], /needs 84 bytes/],
  ["beyond counting", 0, [2 ** 52, 2 ** 52, 2 ** 52], [2 ** 52, 2 ** 52, 1], /needs .*e\+/],
  ["that repeats without end", 0, [2 ** 40, 2 ** 40], [0, 0], /repeats a storage of 80 bytes to .*at most 67108864/],
  ["with too few strides", 0, [2, 2], [1], /shape \(2,2\) with strides \(1\)/],
];
for (const [what, offset, shape, strides, reason] of refused) {
  test(`a view ${what} is refused`, () => {
    expect(() => new TensorView(counting("F32", 20), "F32", offset, shape, strides)).toThrow(reason);
  });
}
