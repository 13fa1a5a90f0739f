import { describe, expect, test } from "bun:test";
import { DataError } from "../errors.ts";
import { type BatchPlan, batchPlans, epochOrder, type LoaderState, type OrderOptions } from "./order.ts";

const options = { batchSize: 4, shuffle: true, last: "pad", epochs: 3 } satisfies OrderOptions;
const start: LoaderState = { seed: 7, epoch: 0, position: 0 };
const real = (plans: BatchPlan[]) => plans.flatMap(({ indices }) => [...indices].filter((index) => index >= 0));

describe("batchPlans()", () => {
  test("gives every sample exactly once per epoch, whatever the batch size", () => {
    for (const batchSize of [1, 3, 4, 11, 30]) {
      const plans = [...batchPlans(11, { ...options, batchSize }, start)];
      for (const epoch of [0, 1, 2]) {
        expect(real(plans.filter((plan) => plan.epoch === epoch)).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      }
      expect(plans.every(({ indices }) => indices.length === batchSize)).toBe(true);
    }
  });

  test("goes on from the state of any batch as if nothing had happened", () => {
    const plans = [...batchPlans(11, options, start)];
    for (const [i, { next }] of plans.entries()) expect([...batchPlans(11, options, next)]).toEqual(plans.slice(i + 1));
  });

  test("loses nothing when the batch size changes at a resume", () => {
    const before = [...batchPlans(11, options, start)].slice(0, 2);
    const after = [...batchPlans(11, { ...options, batchSize: 5 }, before[1].next)].filter(({ epoch }) => epoch === 0);
    expect(real([...before, ...after])).toEqual([...epochOrder(11, { ...start, shuffle: true })]);
  });

  test("shuffles by seed and epoch, and not at all when told so", () => {
    const order = (seed: number, epoch: number) => epochOrder(50, { seed, epoch, shuffle: true }).join();
    expect(new Set([order(1, 0), order(1, 1), order(2, 0), order(2, 1)]).size).toBe(4);
    expect(order(1, 0)).toBe(order(1, 0));
    expect(real([...batchPlans(5, { ...options, shuffle: false, epochs: 1 }, start)])).toEqual([0, 1, 2, 3, 4]);
  });

  test("drops what is left over when told so", () => {
    const plans = [...batchPlans(11, { ...options, last: "drop" }, start)];
    expect(plans.length).toBe(6);
    expect(real(plans).length).toBe(24);
    expect(plans[1].next).toEqual({ seed: 7, epoch: 1, position: 0 });
    expect([...batchPlans(12, { ...options, last: "drop" }, start)].length).toBe(9);
  });

  test("refuses a state of another data set and a batch that cannot be filled", () => {
    expect(() => [...batchPlans(11, options, { ...start, position: 12 })]).toThrow(DataError);
    expect(() => [...batchPlans(3, { ...options, last: "drop" }, start)]).toThrow(/3 samples make no batch of 4/);
    expect(() => [...batchPlans(3, { ...options, batchSize: 0 }, start)]).toThrow(DataError);
  });
});
