// WebGPU through Dawn (npm `webgpu`): what Bun has, and a second opinion in Deno.

import { DeviceError } from "../errors.ts";
import { GpuDevice, type GpuOptions } from "./gpu.ts";

/** Dawn's objects are found by its finaliser after collection, and the process dies: they stay reachable from here. */
const kept = ((globalThis as { zelligeDawn?: unknown[] }).zelligeDawn ??= []);

const toggles = ["enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia"];

let provider: GPU | undefined;

/** What Dawn offers, or the reason why there is nothing. */
export async function dawnAdapter(): Promise<GPUAdapter> {
  if (!provider) {
    let create: (options: string[]) => GPU;
    try {
      ({ create } = await import("npm:webgpu@0.6.2"));
      provider = create(toggles);
    } catch (error) {
      throw new DeviceError(
        `dawn: the npm package webgpu does not load (${
          (error as Error).message.split("\n")[0]
        }); install it with: npm install webgpu@0.6.2`,
      );
    }
    kept.push(provider);
  }
  const adapter = await provider.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new DeviceError(
      "dawn: no WebGPU adapter; install a graphics driver with Vulkan (on Debian: mesa-vulkan-drivers 24 or newer, from backports)",
    );
  }
  kept.push(adapter);
  return adapter;
}

export async function openDawn(options: Omit<GpuOptions, "kind"> = {}): Promise<GpuDevice> {
  const device = await GpuDevice.open(await dawnAdapter(), { ...options, kind: "dawn" });
  kept.push(device.gpu);
  return device;
}
