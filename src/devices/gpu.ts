// A WebGPU device, whoever provides it: buffers, uploads, read-back, errors and loss. Launches are in `replay.ts`.

import { DeviceLostError } from "../errors.ts";
import type { Numbers } from "../graph.ts";
import type { PlanLimits } from "../plan.ts";
import type { Device, DeviceBuffer, DeviceKind, Place, Replay, Step } from "./device.ts";
import { GpuReplay } from "./replay.ts";
import { ShaderCache } from "./shader.ts";
import { Tuner } from "./tuner.ts";

/** GPUBufferUsage and GPUMapMode by value: Bun has no such globals. */
export const usage = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 } as const;

export interface GpuOptions {
  kind: DeviceKind;
  /** Only the limits that WebGPU guarantees everywhere and no optional feature, instead of all that the adapter has: for tests. */
  defaultLimits?: boolean;
  /** Measure kernel variants once and remember the fastest; off: take the preferred ones. */
  tune?: boolean;
}

const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

const wantedFeatures = ["timestamp-query", "shader-f16"] as const;

/** Bytes written after which they are submitted: until then wgpu keeps a copy of each, and a model's weights would be in memory twice. */
const uploadedAtOnce = 2 ** 24;

/** Whether an adapter runs shaders on the CPU. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return Boolean((info as { isFallbackAdapter?: boolean }).isFallbackAdapter) ||
    /llvmpipe|lavapipe|swiftshader|software/i.test(`${info.description} ${info.device}`);
}

/** The adapter's name without the driver's version. */
export function adapterName(info: GPUAdapterInfo): string {
  return info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(" ") || "unnamed adapter";
}

export class GpuDevice implements Device {
  readonly kind: DeviceKind;
  readonly description: string;
  readonly limits: PlanLimits;
  readonly f16: boolean;
  readonly subgroups: boolean;
  readonly lost: Promise<DeviceLostError>;
  readonly software: boolean;
  readonly shaders: ShaderCache;
  readonly tuner: Tuner;
  #staging = new Map<number, GPUBuffer[]>();
  #failure: Error | null = null;
  #closing = false;
  #probe: GpuBuffer | null = null;
  #uploading = 0;

  static async open(adapter: GPUAdapter, options: GpuOptions): Promise<GpuDevice> {
    const requiredLimits = options.defaultLimits ? {} : Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]]));
    const request = (requiredFeatures: GPUFeatureName[]) => adapter.requestDevice({ requiredLimits, requiredFeatures });
    const listed = options.defaultLimits ? [] : wantedFeatures.filter((name) => adapter.features.has(name));
    // Deno gives subgroups though its adapters do not list them.
    const gpu = options.defaultLimits ? await request([]) : await request([...listed, "subgroups"]).catch(() => request(listed));
    return new GpuDevice(gpu, adapter.info, options);
  }

  constructor(readonly gpu: GPUDevice, info: GPUAdapterInfo, { kind, tune = true }: GpuOptions) {
    this.kind = kind;
    this.software = isSoftware(info);
    this.description = `${adapterName(info)}, ${kind === "dawn" ? "Dawn" : "native"} WebGPU`;
    this.limits = { maxBindingBytes: gpu.limits.maxStorageBufferBindingSize, maxBufferBytes: gpu.limits.maxBufferSize };
    this.f16 = gpu.features.has("shader-f16");
    this.subgroups = gpu.features.has("subgroups");
    this.shaders = new ShaderCache(gpu);
    this.tuner = new Tuner(this.description, tune);
    gpu.addEventListener("uncapturederror", (event) => {
      this.#failure ??= new Error(`${this.description}: ${(event as GPUUncapturedErrorEvent).error.message}`);
      console.error(this.#failure.message);
    });
    this.lost = gpu.lost.then((info) => {
      const reason = this.#closing ? "it was closed" : info.message || info.reason || "no reason given";
      const error = new DeviceLostError(
        `${this.description}: the device is lost (${reason}); open a new one and rebuild the programs from the last checkpoint or the weights`,
      );
      this.#failure = error;
      return error;
    });
  }

  allocate(label: string, bytes: number): GpuBuffer {
    this.check();
    return new GpuBuffer(
      this.gpu.createBuffer({ label, size: Math.ceil(bytes / 16) * 16, usage: usage.STORAGE | usage.COPY_SRC | usage.COPY_DST }),
    );
  }

  write(buffer: DeviceBuffer, offset: number, data: Numbers): void {
    this.check();
    this.gpu.queue.writeBuffer((buffer as GpuBuffer).buffer, offset, data as BufferSource);
    this.#uploading += data.byteLength;
    if (this.#uploading < uploadedAtOnce) return;
    this.gpu.queue.submit([]);
    this.#uploading = 0;
  }

  async read({ buffer, offset, bytes }: Place): Promise<ArrayBuffer> {
    this.check();
    const size = Math.ceil(bytes / 4) * 4;
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(size, 256)));
    const staging = this.#staging.get(capacity)?.pop() ?? this.#newStaging(capacity);
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer((buffer as GpuBuffer).buffer, offset, staging, 0, size);
    this.gpu.queue.submit([encoder.finish()]);
    const mapped = staging.mapAsync(1, 0, size);
    const range: ArrayBuffer = this.#mappedAtOnce(staging, size) ?? await mapped.then(() => staging.getMappedRange(0, size)!);
    const copy = range.slice(0, bytes);
    mapped.catch(() => {}); // the fast path unmaps before the promise settles
    staging.unmap();
    if (!this.#staging.has(capacity)) this.#staging.set(capacity, []);
    this.#staging.get(capacity)!.push(staging);
    this.check();
    return copy;
  }

  /**
   * Deno's mapAsync has mapped the buffer when it returns, while its promise settles 11 ms later. Elsewhere the range is not
   * there yet, and asking throws.
   */
  #mappedAtOnce(staging: GPUBuffer, size: number): ArrayBuffer | null {
    if (this.kind !== "native") return null;
    try {
      return staging.getMappedRange(0, size);
    } catch {
      return null;
    }
  }

  /** Mapped once at creation: asking a Deno buffer that never was mapped for its range aborts the process. */
  #newStaging(size: number): GPUBuffer {
    const buffer = this.gpu.createBuffer({ label: "read-back", size, usage: usage.MAP_READ | usage.COPY_DST, mappedAtCreation: true });
    buffer.unmap();
    return buffer;
  }

  prepare(steps: Step[]): Promise<Replay> {
    this.check();
    return GpuReplay.build(this, steps);
  }

  /** Reads four bytes back: Deno's onSubmittedWorkDone() would add up to 12 ms. */
  async idle(): Promise<void> {
    this.check();
    this.#probe ??= this.allocate("idle", 16);
    await this.read({ buffer: this.#probe, offset: 0, bytes: 4 });
  }

  async destroy(): Promise<void> {
    this.#closing = true;
    for (const buffers of this.#staging.values()) for (const b of buffers) b.destroy();
    this.#staging.clear();
    this.gpu.destroy();
    await this.lost;
    // Deno on llvmpipe aborts now and then when the process ends right after a device: 2 % without this pause, 0 of 230 with it.
    if (this.software && this.kind === "native") await new Promise((done) => setTimeout(done, 100));
  }

  /** Throws what went wrong on the device since the last call: WebGPU itself would stay silent. */
  check(): void {
    const failure = this.#failure;
    if (!failure) return;
    if (!(failure instanceof DeviceLostError)) this.#failure = null;
    throw failure;
  }
}

class GpuBuffer implements DeviceBuffer {
  constructor(readonly buffer: GPUBuffer) {}

  get bytes(): number {
    return this.buffer.size;
  }

  destroy(): void {
    this.buffer.destroy();
  }
}

/** The WebGPU buffer behind a place. */
export function gpuBuffer(place: Place): GPUBuffer {
  return (place.buffer as GpuBuffer).buffer;
}
