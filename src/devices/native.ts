// WebGPU as the runtime provides it: Deno, browsers.

import { DeviceError } from "../errors.ts";
import { GpuDevice, type GpuOptions } from "./gpu.ts";

/** What the runtime's own WebGPU offers, or the reason why there is nothing. */
export async function nativeAdapter(): Promise<GPUAdapter> {
  const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  if (!gpu) throw new DeviceError("native: this runtime has no navigator.gpu; use Deno 2.9 or a browser with WebGPU, or --device dawn");
  avoidOpenGl();
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new DeviceError(
      "native: no WebGPU adapter; install a graphics driver with Vulkan (on Debian: apt-get install mesa-vulkan-drivers libvulkan1)",
    );
  }
  return adapter;
}

/**
 * Where no Vulkan driver is found, Deno offers an OpenGL adapter if it can, on which compute shaders fail one by one. The backends are
 * read when the first adapter is asked for; a choice of the user stays.
 */
function avoidOpenGl(): void {
  const { Deno: deno } = globalThis as { Deno?: Pick<typeof Deno, "env" | "permissions"> };
  const name = "env"; // asking for a permission would stop the program at a prompt
  if (deno?.permissions.querySync({ name }).state !== "granted" || deno.env.get("DENO_WEBGPU_BACKEND")) return;
  deno.env.set("DENO_WEBGPU_BACKEND", "vulkan,metal,dx12");
}

export async function openNative(options: Omit<GpuOptions, "kind"> = {}): Promise<GpuDevice> {
  return await GpuDevice.open(await nativeAdapter(), { ...options, kind: "native" });
}
