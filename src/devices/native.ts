// WebGPU as the runtime provides it: Deno, browsers.

import { DeviceError } from "../errors.ts";
import { GpuDevice, type GpuOptions } from "./gpu.ts";

/** What the runtime's own WebGPU offers, or the reason why there is nothing. */
export async function nativeAdapter(): Promise<GPUAdapter> {
  const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  if (!gpu) throw new DeviceError("native: this runtime has no navigator.gpu; use Deno 2.9 or a browser with WebGPU, or --device dawn");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new DeviceError(
      "native: no WebGPU adapter; install a graphics driver with Vulkan (on Debian: apt-get install mesa-vulkan-drivers libvulkan1)",
    );
  }
  return adapter;
}

export async function openNative(options: Omit<GpuOptions, "kind"> = {}): Promise<GpuDevice> {
  return await GpuDevice.open(await nativeAdapter(), { ...options, kind: "native" });
}
