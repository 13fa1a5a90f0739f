// The devices that tests run on: every WebGPU provider of this runtime, and the CPU device. Opened once a test file.

import { afterAll, expect, test } from "bun:test";
import process from "node:process";
import { CpuDevice } from "../src/devices/cpu.ts";
import { openDawn } from "../src/devices/dawn.ts";
import type { Device } from "../src/devices/device.ts";
import { openNative } from "../src/devices/native.ts";

export interface Provider {
  name: "native" | "dawn" | "cpu";
  /** Whether its device keeps values in f16. */
  f16: boolean;
  /** The shared device of this file; tests that lose or close a device open one of their own. */
  open(): Promise<Device>;
}

const opened = new Map<string, Promise<Device>>();

function shared(name: string, open: () => Promise<Device>): () => Promise<Device> {
  return () => {
    if (!opened.has(name)) opened.set(name, open());
    return opened.get(name)!;
  };
}

// Only preferred kernel variants: tests that want a certain variant ask for it.
const openWebGpu = "Deno" in globalThis ? () => openNative({ tune: false }) : () => openDawn({ tune: false });
const open = shared("webgpu", openWebGpu), found = await open().catch((error: Error) => error.message);
const reason = typeof found === "string" ? found : "";

/** WebGPU where this machine has it, and the CPU. */
export const providers: Provider[] = [
  ...typeof found === "string" ? [] : [{ name: found.kind, f16: found.f16, open }],
  {
    name: "cpu",
    f16: false,
    open: shared("cpu", () => CpuDevice.open({ threads: 2 })),
  },
];

if (reason) console.log(reason);
if (reason && process.env.ZELLIGE_REQUIRE_WEBGPU === "1") {
  test("a WebGPU adapter is present, as ZELLIGE_REQUIRE_WEBGPU=1 demands", () => expect(reason).toBe(""));
}

afterAll(async () => {
  for (const device of opened.values()) await device.then((d) => d.destroy(), () => {});
  opened.clear();
});
