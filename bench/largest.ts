// The largest batch of a model that a device holds: batches are doubled until a tensor exceeds a limit or the buffers are not given.

import { freemem } from "node:os";
import { CpuDevice } from "../src/devices/cpu.ts";
import type { Device, DeviceBuffer } from "../src/devices/device.ts";
import { GpuDevice } from "../src/devices/gpu.ts";
import { LimitError } from "../src/errors.ts";
import { leastF16, type Plan, plan, type PlanLimits } from "../src/plan.ts";
import type { Case, Growing } from "./case.ts";
import { MiB } from "./row.ts";

export interface Largest {
  /** Of the largest batch; undefined where not even one picture fits. */
  found?: { case: Case; plan: Plan };
  /** Why twice as many do not fit. */
  limit: string;
}

/** WASM addresses 32 bits. */
const wasmBytes = 2 ** 32;

/** The plan of a case that is not compiled. */
export const planOf = (c: Case, limits: PlanLimits) => plan(Object.values(c.build()), [], limits, c.f16 ? leastF16 : undefined);

/** Nothing runs, and nothing is written to the buffers that are tried. */
export async function largest(device: Device, { at }: Growing): Promise<Largest> {
  let found: Largest["found"];
  for (let batch = 1;; batch *= 2) {
    const made = at(batch);
    try {
      const planned = planOf(made, device.limits);
      holds(device, planned);
      if (device instanceof GpuDevice) await gives(device, planned);
      found = { case: made, plan: planned };
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      return { found, limit: error.message.split("; ")[0] };
    }
  }
}

/**
 * Throws LimitError unless the memory behind the device has room for the plan. A software adapter promises more than the machine has, and
 * the process dies when that is used.
 */
function holds(device: Device, { bytes }: Plan): void {
  if (device instanceof GpuDevice && !device.software) return;
  const free = freemem(), room = device instanceof CpuDevice ? Math.min(free, wasmBytes - device.kernels.usedBytes) : free;
  if (bytes > room) {
    throw new LimitError(`${MiB(bytes)} MiB are planned, ${room === free ? "the machine" : "WASM"} has ${MiB(room)} MiB left`);
  }
}

/** Throws LimitError unless the adapter gives all buffers of the plan at once. */
async function gives(device: GpuDevice, { buffers, bytes }: Plan): Promise<void> {
  const { gpu, description } = device, given: DeviceBuffer[] = [], kinds = ["out-of-memory", "validation", "internal"] as const;
  kinds.forEach((kind) => gpu.pushErrorScope(kind));
  for (const { name, bytes } of buffers) given.push(device.allocate(name, bytes));
  const errors = await Promise.all(kinds.map(() => gpu.popErrorScope())), refused = errors.find((error) => error);
  for (const buffer of given) buffer.destroy();
  await device.idle(); // what was destroyed is free when nothing waits for it
  if (refused) throw new LimitError(`${description} does not give ${MiB(bytes)} MiB (${refused.message.split("\n")[0]})`);
}
