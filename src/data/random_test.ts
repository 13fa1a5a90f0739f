import { expect, test } from "bun:test";
import { DataError } from "../errors.ts";
import { type Draws, draws } from "./random.ts";

const stream = (index = 7, purpose = "crop") => draws({ seed: 2 ** 40 + 5, epoch: 3, index }, purpose);
const many = (n: number, draw: (from: Draws) => number) => {
  const from = stream();
  return Array.from({ length: n }, () => draw(from));
};
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: number[]) => {
  const centre = mean(values);
  return mean(values.map((v) => (v - centre) ** 2));
};

test("draws() gives the same stream for the same name, in every runtime", () => {
  const from = stream();
  expect([from.uniform(), from.integer(0, 999), from.uniform(5, 2)]).toEqual([0.438888498168558, 108, 2.3786318557870167]);
  expect(stream().uniform()).toBe(stream().uniform());
});

test("draws() gives another stream for another seed, epoch, index or purpose", () => {
  const firsts = [
    stream(),
    stream(8),
    stream(7, "flip"),
    draws({ seed: 5, epoch: 3, index: 7 }, "crop"),
    draws({ seed: 2 ** 40 + 5, epoch: 4, index: 7 }, "crop"),
  ].map((from) => from.uniform());
  expect(new Set(firsts).size).toBe(5);
});

test("draws() refuses a key that is not whole or too large, by name", () => {
  expect(() => draws({ seed: 1, epoch: 0, index: -1 }, "crop")).toThrow(DataError);
  expect(() => draws({ seed: 0.5, epoch: 0, index: 1 }, "crop")).toThrow(/draws\("crop"\): seed is 0\.5/);
  expect(() => draws({ seed: 1, epoch: 2 ** 32, index: 1 }, "crop")).toThrow(/epoch is 4294967296/);
});

test("uniform() and normal() have their mean and variance", () => {
  const uniform = many(20_000, (from) => from.uniform()), normal = many(20_000, (from) => from.normal(2, 3));
  expect(Math.abs(mean(uniform) - 1 / 2)).toBeLessThan(0.01);
  expect(Math.abs(variance(uniform) - 1 / 12)).toBeLessThan(0.002);
  expect(Math.abs(mean(normal) - 2)).toBeLessThan(0.1);
  expect(Math.abs(variance(normal) - 9)).toBeLessThan(0.4);
});

test("integer() reaches both ends and every value equally", () => {
  const counts = new Array(6).fill(0);
  for (const value of many(12_000, (from) => from.integer(-2, 3))) counts[value + 2]++;
  expect(Math.min(...counts)).toBeGreaterThan(1800);
  expect(Math.max(...counts)).toBeLessThan(2200);
});

test("permutation() has every number once and no preferred place", () => {
  expect([...stream().permutation(1000)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect([...stream().permutation(0)]).toEqual([]);
  const from = stream(), places = new Array(4).fill(0);
  for (let i = 0; i < 8000; i++) places[from.permutation(4).indexOf(3)]++;
  expect(Math.min(...places)).toBeGreaterThan(1800);
});

test("beta() has its mean and variance below, at and above 1", () => {
  for (const [a, b] of [[0.8, 0.8], [0.1, 0.3], [1, 1], [2, 5], [0.5, 3]]) {
    const values = many(20_000, (from) => from.beta(a, b));
    expect(Math.abs(mean(values) - a / (a + b))).toBeLessThan(0.012);
    expect(Math.abs(variance(values) - a * b / ((a + b) ** 2 * (a + b + 1)))).toBeLessThan(0.006);
    expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
  }
});
