import { expect, test } from "bun:test";
import { philox4x32 } from "./philox.ts";

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, "0")).join(" ");

test("philox4x32() gives the vectors published with Random123", () => {
  const ones = 0xffffffff;
  expect(hex(philox4x32([0, 0, 0, 0], [0, 0]))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  expect(hex(philox4x32([ones, ones, ones, ones], [ones, ones]))).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
  expect(hex(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])))
    .toBe("d16cfe09 94fdcceb 5001e420 24126ea1");
});

test("philox4x32() writes into the array it is given", () => {
  const out = new Uint32Array(4);
  expect(philox4x32([1, 2, 3, 4], [5, 6], out)).toBe(out);
  expect(hex(out)).toBe(hex(philox4x32([1, 2, 3, 4], [5, 6])));
});
