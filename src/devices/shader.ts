// WGSL to compute pipelines, each built once a device, with errors that show the line.

import { ShaderError } from "../errors.ts";
import type { Launch } from "../graph.ts";
import { type Kernel, parseKernel } from "../kernel.ts";

export interface Built {
  kernel: Kernel;
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

export class ShaderCache {
  #built = new Map<string, Promise<Built>>();
  #last: Promise<unknown> = Promise.resolve();
  #directive: string | undefined;

  constructor(private readonly gpu: GPUDevice) {}

  get(launch: Launch): Promise<Built> {
    const key = `${JSON.stringify(launch.overrides ?? {})}\n${launch.wgsl}`;
    let built = this.#built.get(key);
    if (!built) {
      // Error scopes are a stack: builds that overlap would take each other's errors.
      built = this.#last.then(() => this.#build(launch));
      this.#last = built.catch(() => {});
      this.#built.set(key, built);
      built.catch(() => this.#built.delete(key));
    }
    return built;
  }

  async #build({ label, wgsl, overrides = {} }: Launch): Promise<Built> {
    const kernel = parseKernel(wgsl, label);
    const unknown = Object.keys(overrides).find((name) => !kernel.overrides.includes(name));
    if (unknown) {
      throw new ShaderError(`${label}: the launch overrides ${unknown}, the WGSL has ${kernel.overrides.join(", ") || "no overrides"}`);
    }
    const directive = /\bsubgroup(Add|Max)\b/.test(wgsl) ? await this.#subgroupDirective() : "";
    this.gpu.pushErrorScope("validation");
    const module = this.gpu.createShaderModule({ label, code: directive + wgsl });
    const layout = this.gpu.createBindGroupLayout({
      label,
      entries: kernel.bindings.map(({ index, access }) => ({
        binding: index,
        visibility: 4, // GPUShaderStage.COMPUTE
        buffer: { type: access === "uniform" ? "uniform" : access === "read" ? "read-only-storage" : "storage" },
      })),
    });
    let pipeline: GPUComputePipeline | undefined, thrown: unknown;
    try {
      pipeline = await this.gpu.createComputePipelineAsync({
        label,
        layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: "main", constants: overrides },
      });
    } catch (error) {
      thrown = error;
    }
    const scoped = await this.gpu.popErrorScope();
    if (scoped || thrown || !pipeline) {
      throw await explain(label, wgsl, module, scoped?.message ?? String((thrown as Error)?.message ?? thrown));
    }
    return { kernel, pipeline, layout };
  }

  /** What kernels with subgroup operations must begin with: Dawn asks for a directive that Deno does not know. */
  async #subgroupDirective(): Promise<string> {
    if (this.#directive === undefined) {
      const directive = "enable subgroups; ";
      this.gpu.pushErrorScope("validation");
      this.gpu.createShaderModule({ label: "subgroups", code: directive });
      this.#directive = await this.gpu.popErrorScope() ? "" : directive;
    }
    return this.#directive;
  }
}

async function explain(label: string, wgsl: string, module: GPUShaderModule, message: string): Promise<ShaderError> {
  const info = await module.getCompilationInfo?.().catch(() => null);
  const first = [...info?.messages ?? []].find((m) => m.type === "error");
  const place = first?.lineNum ? { line: first.lineNum, column: first.linePos } : placeIn(message);
  if (!place) return new ShaderError(`${label}: ${first?.message ?? message}`);
  const text = wgsl.split("\n")[place.line - 1] ?? "";
  const said = (first?.message ?? message).trim();
  return new ShaderError(
    `${label}: ${said}\n  line ${place.line}, column ${place.column}:\n  ${text}\n  ${" ".repeat(Math.max(0, place.column - 1))}^`,
  );
}

/** Line and column out of a message of naga ("wgsl:3:7") or Tint (":3:7 error"). */
function placeIn(message: string): { line: number; column: number } | null {
  const found = /(?:wgsl)?:(\d+):(\d+)/.exec(message);
  return found ? { line: Number(found[1]), column: Number(found[2]) } : null;
}
