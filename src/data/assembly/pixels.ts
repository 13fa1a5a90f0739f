// The WASM kernels for pixels (resample.ts, enhance.ts): one instance a thread, one memory that every call may use from its start.

import { pixelsWasm } from "./pixels_wasm.ts";

/** Offsets and sizes are bytes; see the sources for what the functions do. */
export interface PixelKernels {
  memory: WebAssembly.Memory;
  horizontal(src: number, rows: number, input: number, spans: number, weights: number, taps: number, output: number, dst: number): void;
  vertical(src: number, stride: number, spans: number, weights: number, taps: number, output: number, dst: number): void;
  lumaSum(at: number, pixels: number, steps: number, grey: number, ...fromsAndFactors: number[]): number;
  /** src, stride, width, height, mirror; steps, grey, from and factor of three steps; dst. */
  cut(...args: number[]): void;
}

let kernels: PixelKernels | null | undefined;

/** The kernels, made on first use; null where WASM SIMD does not exist. */
export function pixelKernels(): PixelKernels | null {
  if (kernels === undefined) {
    try {
      const bytes = Uint8Array.from(atob(pixelsWasm), (char) => char.charCodeAt(0));
      kernels = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as PixelKernels;
    } catch {
      kernels = null;
    }
  }
  return kernels;
}

/** The kernels' memory, grown to hold `bytes`. Growing detaches earlier views. */
export function memoryOf({ memory }: PixelKernels, bytes: number): ArrayBuffer {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  return memory.buffer;
}
