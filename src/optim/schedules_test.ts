import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { constantSchedule, cosineSchedule, exponentialSchedule, linearSchedule } from "./schedules.ts";

const fixture = new URL("../../../shared/fixtures/cosine_schedule.json", import.meta.url);

interface Case {
  base_value: number;
  final_value: number;
  epochs: number;
  niter_per_ep: number;
  warmup_epochs?: number;
  warmup_steps?: number;
  values?: number[];
  at?: Record<string, number>;
}

test("cosineSchedule() gives the official scheduler's values", () => {
  if (!existsSync(fixture)) return console.log("skipped: no ../shared/fixtures");
  const { cases } = JSON.parse(readFileSync(fixture, "utf8")) as { cases: Case[] };
  expect(cases.length).toBeGreaterThan(3);
  for (const { base_value, final_value, epochs, niter_per_ep, warmup_epochs = 0, warmup_steps = 0, values, at } of cases) {
    const warmup = warmup_steps > 0 ? warmup_steps : warmup_epochs * niter_per_ep;
    const schedule = cosineSchedule({ base: base_value, final: final_value, steps: epochs * niter_per_ep, warmup });
    for (const [step, value] of Object.entries(values ?? at!)) {
      expect(Math.abs(schedule(Number(step)) - value), `step ${step}`).toBeLessThanOrEqual(1e-12 + 1e-9 * value);
    }
  }
});

test("every schedule warms up along a line from start to base, both included", () => {
  const options = { base: 2, final: 1, steps: 10, warmup: 5 };
  for (const make of [constantSchedule, cosineSchedule, linearSchedule, exponentialSchedule]) {
    expect([0, 1, 2, 3, 4, 5].map(make(options))).toEqual([0, 0.5, 1, 1.5, 2, 2]);
    expect(make({ ...options, start: 1 })(2)).toBe(1.5);
  }
});

test("schedules end at their final value and stay there", () => {
  const options = { base: 8, final: 2, steps: 4 };
  expect([0, 2, 4, 9].map(linearSchedule(options))).toEqual([8, 5, 2, 2]);
  expect([0, 2, 4, 9].map(exponentialSchedule(options))).toEqual([8, 4, 2, 2]);
  expect([0, 2, 4, 9].map(cosineSchedule(options))).toEqual([8, 5, 2, 2]);
  expect([0, 9].map(constantSchedule({ base: 3 }))).toEqual([3, 3]);
});

test("schedules refuse a warm-up longer than the run, and factors of 0", () => {
  expect(() => cosineSchedule({ base: 1, steps: 3, warmup: 4 })).toThrow("4 steps of warm-up do not fit in 3 steps");
  expect(() => exponentialSchedule({ base: 1, final: 0, steps: 3 })).toThrow("base 1 and final 0 must both be above 0");
});
