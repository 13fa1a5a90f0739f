// The table of fixture kinds: one line a kind that is implemented.

import type { Device } from "../../src/devices/device.ts";
import { adamw } from "./adamw.ts";
import type { Check } from "./check.ts";
import { schedule } from "./cosine_schedule.ts";
import type { Fixture } from "./fixture.ts";
import { mixup } from "./mixup.ts";
import { ops } from "./ops.ts";
import { pil } from "./pil.ts";

export type Kind = (fixture: Fixture, device: Device, check: Check) => Promise<void>;

export const kinds: Record<string, Kind> = {
  ops,
  adamw,
  cosine_schedule: schedule,
  mixup,
  pil,
};
