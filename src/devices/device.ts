// What a program needs from a device. Three devices implement it: native WebGPU, Dawn, and the CPU.

import type { DeviceLostError } from "../errors.ts";
import type { Node, Numbers, Tensor } from "../graph.ts";
import type { PlanLimits } from "../plan.ts";

/** The runtime's own WebGPU, Dawn (npm webgpu), or the CPU with WASM kernels. */
export type DeviceKind = "native" | "dawn" | "cpu";

export interface DeviceBuffer {
  readonly bytes: number;
  destroy(): void;
}

export interface Place {
  buffer: DeviceBuffer;
  /** In bytes. */
  offset: number;
  bytes: number;
}

/** One node with the place of each of its tensors. */
export interface Step {
  node: Node;
  place(t: Tensor): Place;
  /** Whether any node or the caller reads this output. */
  wanted(t: Tensor): boolean;
  /** Whether this input was made in its place of the output already. */
  placed(t: Tensor): boolean;
  /** Whether its values lie in f16. */
  f16(t: Tensor): boolean;
}

/** Steps made ready to run again and again. */
export interface Replay {
  /** Starts the steps in order. WebGPU returns at once; the CPU device returns when they are done. */
  run(): void;
  /** One line a launch: op, kernel, workgroups. */
  describe(): string[];
  /** Milliseconds of each launch of one more run, where the device can tell; `null` where it cannot. */
  time(): Promise<{ label: string; ms: number }[] | null>;
  destroy(): void;
}

/** An open device: what graphs are compiled for. It is opened by `openDevice()`; destroy it at the end. */
export interface Device {
  readonly kind: DeviceKind;
  /** The adapter in words, for example "llvmpipe (LLVM 15.0.6, 256 bits), native WebGPU". */
  readonly description: string;
  readonly limits: PlanLimits;
  /** Whether it can keep values in f16. */
  readonly f16: boolean;
  /** Resolves when the device is gone, whatever the reason; `destroy()` resolves it too. */
  readonly lost: Promise<DeviceLostError>;
  /** A zeroed buffer. */
  allocate(label: string, bytes: number): DeviceBuffer;
  write(buffer: DeviceBuffer, offset: number, data: Numbers): void;
  /** Waits for what was started before, then copies out. */
  read(place: Place): Promise<ArrayBuffer>;
  prepare(steps: Step[]): Promise<Replay>;
  /** Resolves when everything started so far is done. */
  idle(): Promise<void>;
  destroy(): Promise<void>;
}
