import { expect, test } from "bun:test";
import { ShapeError } from "../errors.ts";
import { relativePositionRows, type Window } from "./relative_position.ts";
import { geometricGrid, resizeAbsolutePositions, resizeRelativePositions } from "./resize_positions.ts";

const heads = 2;
const table = (window: Window, value: (y: number, x: number, head: number) => number) => {
  const [H, W] = window.map((side) => 2 * side - 1);
  const made = new Float32Array(relativePositionRows(window) * heads);
  for (let y = 0; y < H; y++) for (let x = 0; x < W; x++) for (let n = 0; n < heads; n++) made[(y * W + x) * heads + n] = value(y, x, n);
  return made.fill(9, H * W * heads);
};

test("a table at its own resolution stays as it is, also of a window that is no square", () => {
  const given = table([3, 5], (y, x, n) => Math.sin(7 * y + 3 * x + n));
  resizeRelativePositions(given, heads, [3, 5], [3, 5]).forEach((v, i) => expect(Math.abs(v - given[i])).toBeLessThan(1e-6));
});

test("each head is resized for itself, and the rows of the class token are kept", () => {
  for (const to of [[6, 6], [5, 7], [2, 3], [4, 9]] as Window[]) {
    const resized = resizeRelativePositions(table([4, 4], (_y, _x, n) => 1 + n), heads, [4, 4], to);
    const patches = resized.length - 3 * heads;
    expect(resized.length).toBe(relativePositionRows(to) * heads);
    resized.forEach((v, i) => expect(Math.abs(v - (i < patches ? 1 + i % heads : 9))).toBeLessThan(1e-5));
  }
});

test("a side that keeps its length keeps its values", () => {
  const resized = resizeRelativePositions(table([4, 4], (_y, x) => x ** 2), heads, [4, 4], [6, 4]);
  for (let i = 0; i < 11 * 7; i++) expect(Math.abs(resized[i * heads] - (i % 7) ** 2)).toBeLessThan(1e-4);
});

test("geometricGrid() reaches the ends of the new differences with steps that grow", () => {
  const grid = geometricGrid(27, 47);
  expect(grid).toHaveLength(27);
  expect(grid.slice(12, 15)).toEqual([-1, 0, 1]);
  expect(Math.abs(grid[26] - 23)).toBeLessThan(1e-3);
  for (let i = 15; i < 27; i++) expect(grid[i] - grid[i - 1]).toBeGreaterThan(grid[i - 1] - grid[i - 2] - 1e-9);
});

test("a window of one patch can grow", () => {
  const resized = resizeRelativePositions(table([1, 1], () => 3), heads, [1, 1], [3, 3]);
  expect(Array.from(resized.subarray(0, 50))).toEqual(new Array(50).fill(3));
});

test("resizeAbsolutePositions() keeps the class token, constants, and a table at its own resolution", () => {
  const given = Float32Array.from({ length: 17 * 3 }, (_, i) => i < 3 ? -i : 5);
  const resized = resizeAbsolutePositions(given, 3, [4, 4], [6, 3]);
  expect(resized.length).toBe(19 * 3);
  expect(resized.subarray(0, 3)).toEqual(given.subarray(0, 3));
  resized.subarray(3).forEach((v) => expect(Math.abs(v - 5)).toBeLessThan(1e-5));
  const noise = Float32Array.from({ length: 17 * 3 }, (_, i) => Math.sin(i * i));
  expect(resizeAbsolutePositions(noise, 3, [4, 4], [4, 4])).toEqual(noise);
  expect(resizeAbsolutePositions(noise, 3, [4, 4], [4, 4])).not.toBe(noise);
});

test("a table of another window is refused with both sizes", () => {
  expect(() => resizeRelativePositions(new Float32Array(52 * 2), 2, [5, 5], [6, 6])).toThrow(ShapeError);
  expect(() => resizeAbsolutePositions(new Float32Array(17 * 3), 3, [5, 5], [6, 6])).toThrow(/51 values, 26 rows of 3 are 78/);
});
