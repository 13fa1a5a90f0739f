// The launches of a program on WebGPU: bind groups made once, replayed in one compute pass.

import { ShaderError } from "../errors.ts";
import type { Launch, LaunchContext } from "../graph.ts";
import { encodeDims, parseKernel } from "../kernel.ts";
import type { Replay, Step } from "./device.ts";
import { inF16 } from "./f16.ts";
import { gpuBuffer, type GpuDevice, usage } from "./gpu.ts";
import type { Built } from "./shader.ts";

interface Dispatch {
  label: string;
  pipeline: GPUComputePipeline;
  bindings: GPUBindGroup;
  workgroups: readonly [number, number, number];
}

/** WebGPU's default for uniform buffer offsets. */
const uniformAlignment = 256;

export class GpuReplay implements Replay {
  private constructor(private readonly device: GpuDevice, private readonly dispatches: Dispatch[], private readonly uniforms: GPUBuffer) {}

  static async build(device: GpuDevice, steps: Step[]): Promise<GpuReplay> {
    const launches: { step: Step; launch: Launch }[] = [];
    for (const step of steps) {
      for (const launch of await launchesOf(device, step)) launches.push({ step, launch });
    }
    return GpuReplay.#from(device, launches);
  }

  static async #from(device: GpuDevice, launches: { step: Step; launch: Launch }[]): Promise<GpuReplay> {
    const built = await Promise.all(launches.map(({ step, launch }) => device.shaders.get(converted(launch, step))));
    const uniforms = device.gpu.createBuffer({
      label: "dims",
      size: Math.max(1, launches.length) * uniformAlignment,
      usage: usage.UNIFORM | usage.COPY_DST,
    });
    const dims = new Uint8Array(uniforms.size);
    launches.forEach(({ launch }, i) =>
      dims.set(new Uint8Array(encodeDims(built[i].kernel, launch.dims, launch.label)), i * uniformAlignment)
    );
    device.gpu.queue.writeBuffer(uniforms, 0, dims);
    const dispatches = launches.map(({ step, launch }, i) => ({
      label: launch.label,
      pipeline: built[i].pipeline,
      bindings: bind(device, step, launch, built[i], uniforms, i * uniformAlignment),
      workgroups: spread(launch, device.gpu.limits.maxComputeWorkgroupsPerDimension),
    }));
    return new GpuReplay(device, dispatches, uniforms);
  }

  /** Milliseconds that one run of `launches` takes, out of enough runs to measure. */
  static async measure(device: GpuDevice, step: Step, launches: Launch[]): Promise<number> {
    const replay = await GpuReplay.#from(device, launches.map((launch) => ({ step, launch })));
    try {
      replay.run();
      await device.idle();
      let best = Infinity;
      for (let round = 0; round < 3; round++) {
        const start = performance.now();
        replay.run();
        await device.idle();
        best = Math.min(best, performance.now() - start);
      }
      return best;
    } finally {
      replay.destroy();
    }
  }

  run(): void {
    this.device.check();
    const encoder = this.device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let current: GPUComputePipeline | null = null;
    for (const d of this.dispatches) {
      if (d.pipeline !== current) pass.setPipeline(current = d.pipeline);
      pass.setBindGroup(0, d.bindings);
      pass.dispatchWorkgroups(...d.workgroups);
    }
    pass.end();
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  describe(): string[] {
    return this.dispatches.map((d, i) => `${String(i).padStart(6)}  ${d.label.padEnd(32)} ${d.workgroups.join(" x ")} workgroups`);
  }

  async time(): Promise<{ label: string; ms: number }[] | null> {
    const { gpu } = this.device;
    if (!gpu.features.has("timestamp-query")) return null;
    const times: { label: string; ms: number }[] = [];
    const most = 2048; // dispatches a query set: WebGPU allows 4,096 queries
    for (let from = 0; from < this.dispatches.length; from += most) {
      const group = this.dispatches.slice(from, from + most);
      const querySet = gpu.createQuerySet({ type: "timestamp", count: group.length * 2 });
      const resolved = this.device.allocate("timestamps", group.length * 16);
      const target = gpu.createBuffer({ size: group.length * 16, usage: usage.QUERY_RESOLVE | usage.COPY_SRC });
      const encoder = gpu.createCommandEncoder();
      group.forEach((d, i) => {
        const pass = encoder.beginComputePass({
          timestampWrites: { querySet, beginningOfPassWriteIndex: i * 2, endOfPassWriteIndex: i * 2 + 1 },
        });
        pass.setPipeline(d.pipeline);
        pass.setBindGroup(0, d.bindings);
        pass.dispatchWorkgroups(...d.workgroups);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, group.length * 2, target, 0);
      encoder.copyBufferToBuffer(target, 0, resolved.buffer, 0, group.length * 16);
      gpu.queue.submit([encoder.finish()]);
      const stamps = new BigUint64Array(await this.device.read({ buffer: resolved, offset: 0, bytes: group.length * 16 }));
      group.forEach((d, i) => times.push({ label: d.label, ms: Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6 }));
      querySet.destroy();
      resolved.destroy();
      target.destroy();
    }
    return times;
  }

  destroy(): void {
    this.uniforms.destroy();
  }
}

/** The tensor behind a binding of a launch, if there is one. */
function bound({ node: { inputs, outputs } }: Step, { bind }: Launch, binding: string) {
  const name = bind?.[binding] ?? binding;
  return outputs[name] ?? inputs[name];
}

/** The launch with a kernel that knows which of its arrays lie in f16. */
function converted(launch: Launch, step: Step): Launch {
  const bindings = parseKernel(launch.wgsl, launch.label).bindings.map(({ name }) => name).filter((name) => {
    const t = bound(step, launch, name);
    return t && step.f16(t);
  });
  const names = [...bindings, ...launch.f16 ?? []];
  return names.length ? { ...launch, wgsl: inF16(launch.wgsl, names, launch.label) } : launch;
}

async function launchesOf(device: GpuDevice, step: Step): Promise<Launch[]> {
  const { node } = step, tensors = { ...node.inputs, ...node.outputs };
  const halved = Object.entries(tensors).filter(([, t]) => step.f16(t)).map(([name]) => name);
  const context: LaunchContext = {
    software: device.software,
    maxWorkgroupsPerDimension: device.gpu.limits.maxComputeWorkgroupsPerDimension,
    maxWorkgroupBytes: device.gpu.limits.maxComputeWorkgroupStorageSize,
    f16: halved.length > 0,
    subgroups: device.subgroups,
    wanted: (output) => step.wanted(node.outputs[output]),
    placed: (name) => step.placed(node.inputs[name]),
  };
  const launches = node.op.launches(tensors, node.attributes, context);
  if (Array.isArray(launches)) return launches;
  const key = halved.length ? `${launches.key} f16 ${halved.join(" ")}` : launches.key;
  return launches.options[await device.tuner.choose({ ...launches, key }, (option) => GpuReplay.measure(device, step, option))];
}

function bind(device: GpuDevice, step: Step, launch: Launch, { kernel, layout }: Built, uniforms: GPUBuffer, offset: number): GPUBindGroup {
  return device.gpu.createBindGroup({
    label: launch.label,
    layout,
    entries: kernel.bindings.map(({ index, name, access }) => {
      if (access === "uniform") {
        return { binding: index, resource: { buffer: uniforms, offset, size: Math.max(16, Math.ceil(kernel.dims.length / 4) * 16) } };
      }
      const t = bound(step, launch, name);
      if (!t) {
        const { inputs, outputs } = step.node;
        throw new ShaderError(
          `${launch.label}: binding ${name} names no tensor of ${step.node.op.name} (${
            Object.keys({ ...inputs, ...outputs }).join(", ")
          }); rename it or give "bind"`,
        );
      }
      const place = step.place(t);
      return { binding: index, resource: { buffer: gpuBuffer(place), offset: place.offset, size: Math.ceil(place.bytes / 4) * 4 } };
    }),
  });
}

/** A count of workgroups beyond the limit of one dimension becomes a grid with the fewest idle groups. */
function spread({ workgroups, label }: Launch, most: number): readonly [number, number, number] {
  if (typeof workgroups !== "number") {
    const over = workgroups.findIndex((n) => n > most);
    if (over >= 0) {
      throw new ShaderError(
        `${label}: ${workgroups[over]} workgroups in dimension ${"xyz"[over]}, this device allows ${most}; use a smaller batch`,
      );
    }
    return workgroups;
  }
  const y = Math.ceil(workgroups / most);
  return [Math.ceil(workgroups / y), y, 1];
}
