// Opening a device: which one, and why.

import { DeviceError } from "../errors.ts";
import { dawnAdapter, openDawn } from "./dawn.ts";
import type { Device, DeviceKind } from "./device.ts";
import { adapterName, isSoftware } from "./gpu.ts";
import { nativeAdapter, openNative } from "./native.ts";

/** Which device, and how it is opened. */
export interface OpenOptions {
  /** A kind; "webgpu" for native or Dawn, whichever there is; "auto" (default) for the fastest. */
  device?: DeviceKind | "webgpu" | "auto";
  /** Threads of the CPU device. */
  threads?: number;
  /** Matrix products of the CPU device on a BLAS of the system: true for the one that is found, or its path. Off unless asked for. */
  blas?: boolean | string;
  /** WebGPU's guaranteed limits instead of the adapter's. */
  defaultLimits?: boolean;
  /** Measure kernel variants once (default) or take the preferred ones. */
  tune?: boolean;
  /** Receives one line: what was opened, and why. */
  log?: (line: string) => void;
}

const providers = { native: { adapter: nativeAdapter, open: openNative }, dawn: { adapter: dawnAdapter, open: openDawn } };

/**
 * Opens the fastest device of this machine, or the one that is asked for.
 *
 * "auto" takes a hardware GPU (the runtime's own WebGPU before Dawn); where WebGPU is absent or runs in software, it takes the
 * CPU device, whose WASM kernels are faster than software Vulkan.
 *
 * @throws DeviceError with the reason and the remedy when a WebGPU device is demanded and there is none.
 *
 * ```ts
 * import { add, constant, evaluate, openDevice } from "../../mod.ts";
 * const device = await openDevice({ device: "cpu", threads: 1 }); // without options: the fastest there is
 * console.assert(device.kind === "cpu");
 * console.assert((await evaluate(device, add(constant("x", [2], [1, 2]), constant("y", [1], [10])))).join() === "11,12");
 * await device.destroy();
 * ```
 */
export async function openDevice({ device = "auto", threads, blas, log = () => {}, ...gpu }: OpenOptions = {}): Promise<Device> {
  if (device === "native" || device === "dawn") return announce(await providers[device].open(gpu), "asked for", log);
  if (device === "cpu") return announce(await openCpu({ threads, blas }), "asked for", log);
  if (device !== "auto" && device !== "webgpu") {
    throw new DeviceError(`openDevice: no device is named ${device}; choose auto, webgpu, native, dawn or cpu`);
  }
  const reasons: string[] = [];
  for (const { adapter, open } of Object.values(providers)) {
    try {
      const { info } = await adapter();
      if (device === "auto" && isSoftware(info)) {
        reasons.push(`${adapterName(info)} runs in software, and the CPU device is faster`);
        continue;
      }
      return announce(await open(gpu), device === "auto" ? "a hardware GPU" : "asked for WebGPU", log);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  if (device === "webgpu") throw new DeviceError(`openDevice: no WebGPU device; ${reasons.join("; ")}`);
  return announce(await openCpu({ threads, blas }), reasons.join("; "), log);
}

/** The WASM kernels are many files, and of no use beside a GPU: they are loaded here and not with the library. */
async function openCpu(options: Pick<OpenOptions, "threads" | "blas">): Promise<Device> {
  const { CpuDevice } = await import("./cpu.ts");
  return CpuDevice.open(options);
}

function announce(device: Device, why: string, log: (line: string) => void): Device {
  log(`device: ${device.description} (${why})`);
  return device;
}

export type { Device, DeviceKind } from "./device.ts";
