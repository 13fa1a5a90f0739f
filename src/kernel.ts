// Reads a kernel's interface out of its WGSL text: the Dims struct, the bindings, the overrides. The text is the only place
// where they are written down, so op files name buffers and never number them.

import { ShaderError } from "./errors.ts";

export interface Binding {
  index: number;
  name: string;
  access: "uniform" | "read" | "read_write";
}

export interface Kernel {
  wgsl: string;
  /** Fields of `struct Dims`, in order: scalars of four bytes. */
  dims: { name: string; type: "u32" | "i32" | "f32" }[];
  bindings: Binding[];
  overrides: string[];
}

const cache = new Map<string, Kernel>();

/** The interface of a WGSL text with one entry point `main`. */
export function parseKernel(wgsl: string, label: string): Kernel {
  const known = cache.get(wgsl);
  if (known) return known;
  const code = wgsl.replace(/\/\/[^\n]*/g, "");
  const bindings = [...code.matchAll(/@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage,\s*(?:read_write|read))>\s*(\w+)\s*:/g)]
    .map(([, index, space, name]) => ({ index: Number(index), name, access: space.replace(/storage,\s*/, "") as Binding["access"] }));
  const body = /struct\s+Dims\s*\{([^}]*)\}/.exec(code)?.[1] ?? "";
  const dims = [...body.matchAll(/(\w+)\s*:\s*(u32|i32|f32)/g)].map(([, name, type]) => ({ name, type: type as "u32" | "i32" | "f32" }));
  const overrides = [...code.matchAll(/(?:@id\(\d+\)\s*)?override\s+(\w+)/g)].map(([, name]) => name);

  const numbers = bindings.map((b) => b.index);
  const twice = numbers.find((n, i) => numbers.indexOf(n) !== i);
  if (twice !== undefined) {
    throw new ShaderError(`${label}: binding ${twice} is declared twice; chunks that are joined must number their bindings apart`);
  }
  if (!/@compute/.test(code) || !/fn\s+main\s*\(/.test(code)) throw new ShaderError(`${label}: no @compute entry point named main`);
  const kernel = { wgsl, dims, bindings, overrides };
  cache.set(wgsl, kernel);
  return kernel;
}

/** The bytes of a kernel's Dims; every field must be given, and nothing else. */
export function encodeDims(kernel: Kernel, values: Record<string, number>, label: string): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(Math.max(16, Math.ceil(kernel.dims.length / 4) * 16)));
  kernel.dims.forEach(({ name, type }, i) => {
    const value = values[name];
    if (value === undefined) {
      throw new ShaderError(`${label}: Dims.${name} has no value; the launch gives ${Object.keys(values).join(", ") || "none"}`);
    }
    if (type === "f32") view.setFloat32(i * 4, value, true);
    else if (!Number.isInteger(value)) throw new ShaderError(`${label}: Dims.${name} is ${value}, and its type is ${type}`);
    else view.setUint32(i * 4, value, true);
  });
  const extra = Object.keys(values).find((name) => !kernel.dims.some((d) => d.name === name));
  if (extra) {
    throw new ShaderError(`${label}: the launch gives ${extra}, which Dims does not have (${kernel.dims.map((d) => d.name).join(", ")})`);
  }
  return view.buffer;
}
