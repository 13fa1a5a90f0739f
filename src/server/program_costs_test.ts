import { expect, test } from "bun:test";
import { batchSize } from "./batcher.ts";
import { ProgramCosts } from "./program_costs.ts";

const sizes = [1, 4, 16, 64];

/** Costs after three batches of each size, the first of them slow, as a first one is. */
function learnt(ms: Record<number, number>): ProgramCosts {
  const costs = new ProgramCosts(sizes);
  for (const [size, time] of Object.entries(ms)) for (const factor of [50, 1, 1]) costs.observe("a", Number(size), factor * time);
  return costs;
}

test("ProgramCosts guesses what it has not seen and keeps what it has", () => {
  const costs = learnt({ 4: 10, 16: 32 });
  expect(costs.of("a")).toEqual([5, 10, 32, 96]);
  expect(costs.of("b")).toEqual([1, 2, 6, 18]);
  costs.observe("a", 3, 20); // ran in the program of 4
  expect(costs.of("a")[1]).toBeCloseTo(12);
});

test("a size never costs more than as many of the smaller one, so a full program is always run", () => {
  const costs = learnt({ 1: 10, 4: 10, 16: 1000 }).of("a");
  expect(costs).toEqual([10, 10, 40, 120]);
  for (const size of sizes) expect(batchSize(size, sizes, costs)).toBe(size);
});

test("where a program's empty places cost as much as pictures, none is left empty; where they cost little, more go together", () => {
  const large = learnt({ 1: 14, 4: 50, 16: 190, 64: 780 }).of("a"), tiny = learnt({ 1: 1, 4: 1.1, 16: 1.3, 64: 2 }).of("a");
  const taken = (costs: number[]) => [2, 5, 12, 15, 17, 60].map((waiting) => batchSize(waiting, sizes, costs));
  expect(taken(large)).toEqual([1, 4, 4, 4, 16, 16]);
  expect(taken(tiny)).toEqual([2, 5, 12, 15, 16, 60]);
});

test("ProgramCosts forgets the keys that were used longest ago", () => {
  const costs = new ProgramCosts(sizes);
  for (let i = 0; i < 101; i++) for (let n = 0; n < 2; n++) costs.observe(`key ${i}`, 1, 7);
  expect([costs.of("key 0")[0], costs.of("key 100")[0]]).toEqual([1, 7]);
});
