// Kind "cosine_schedule": the official schedule, value by value. Host arithmetic, so every device gives the same.

import { cosineSchedule } from "../../src/optim/schedules.ts";
import type { Device } from "../../src/devices/device.ts";
import type { Check } from "./check.ts";
import type { Fixture } from "./fixture.ts";

export function schedule({ manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  for (const [i, c] of manifest.cases.entries()) {
    const perEpoch = c.niter_per_ep;
    const warmup = c.warmup_steps > 0 ? c.warmup_steps : (c.warmup_epochs ?? 0) * perEpoch;
    const rate = cosineSchedule({
      base: c.base_value,
      final: c.final_value,
      steps: c.epochs * perEpoch,
      warmup,
      start: c.start_warmup_value ?? 0,
    });
    // Short cases list every value, long ones some steps.
    const wanted: [step: number, value: number][] = c.values
      ? [...c.values.entries()]
      : Object.entries(c.at).map(([step, value]) => [Number(step), value as number]);
    check.close(`case ${i}`, wanted.map(([step]) => rate(step)), wanted.map(([, value]) => value), { rtol: 1e-9, atol: 1e-12 });
  }
  return Promise.resolve();
}
