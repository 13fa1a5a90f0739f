// Which build of the kernels this engine gets, and whether threads are possible.

import { fusedWasm, plainWasm } from "./wasm_bytes.ts";

/** What the kernels export (assembly/index.ts). */
export interface KernelExports {
  run(alone: boolean): void;
  serve(thread: number): void;
  tileRows(): number;
  tileColumns(): number;
  square(x: number, y: number): number;
}

export interface Variant {
  module: WebAssembly.Module;
  fused: boolean;
}

const decode = (base64: string) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/** True where memory can be shared with workers: everywhere but in a page that is not cross-origin isolated. */
export function canShare(): boolean {
  return typeof SharedArrayBuffer === "function" && typeof Worker === "function" &&
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
}

/** True where this thread may sleep: everywhere but on a page's main thread. */
export function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * The build with fused multiply-add if the engine has the instruction and really fuses (JavaScriptCore on x86 multiplies, then adds: there
 * the tile of the plain build is a quarter faster), else the plain one.
 */
export async function chooseVariant(shared: boolean, wanted?: "fused" | "plain"): Promise<Variant> {
  const bytes = decode(fusedWasm);
  if (wanted !== "plain" && WebAssembly.validate(bytes)) {
    const module = await WebAssembly.compile(declared(bytes, shared));
    if (wanted === "fused" || fuses(module, shared)) return { module, fused: true };
  }
  return { module: await WebAssembly.compile(declared(decode(plainWasm), shared)), fused: false };
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
}

function fuses(module: WebAssembly.Module, shared: boolean): boolean {
  const { square } = instantiate(module, new WebAssembly.Memory({ initial: 1, maximum: 65536, shared }));
  const x = 1 + 2 ** -12; // x² = 1 + 2^-11 + 2^-24, and f32 has no room for the last term
  return square(x, -(1 + 2 ** -11)) !== 0;
}

/** The bytes with the memory they import declared as unshared if that is what there is: one flag in the import section. */
function declared(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Uint8Array<ArrayBuffer> {
  if (shared) return bytes;
  const name = [...new TextEncoder().encode("\x03env\x06memory")];
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte)) + name.length;
  const copy = bytes.slice();
  copy[at + 1] = 1; // limits with a maximum; 3 is the same, shared
  return copy;
}
