import load from "npm:@jsquash/png@3.1.1/codec/pkg/squoosh_png.js";
import { Codec } from "./codec.ts";
import type { Header, Refuse } from "./header.ts";

interface Exports {
  memory: WebAssembly.Memory;
  __wbindgen_malloc(bytes: number, align: number): number;
  __wbindgen_free(at: number, bytes: number, align: number): void;
  decode(at: number, bytes: number): void;
}

interface Decoder {
  decode(bytes: Uint8Array): { width: number; height: number; data: Uint8Array } | null;
}

/**
 * The package keeps one instance for ever. This takes the compiled module from it and makes instances of its own, which can be thrown
 * away after a failure; of the imports only two are reached when 8-bit pixels are decoded.
 */
const codec = new Codec<Decoder>(async () => {
  await load();
  const module = (load as unknown as { __wbindgen_wasm_module: WebAssembly.Module }).__wbindgen_wasm_module;
  let picture: ReturnType<Decoder["decode"]> = null;
  const imports: Record<string, (...args: number[]) => unknown> = {};
  for (const { name } of WebAssembly.Module.imports(module)) {
    imports[name] = name.startsWith("__wbg_newwithownedu8clampedarray")
      ? (at, length, width, height) => {
        picture = { width, height, data: new Uint8Array(wasm.memory.buffer, at, length).slice() };
        wasm.__wbindgen_free(at, length, 1);
        return 0;
      }
      : () => {
        throw new Error(name);
      };
  }
  const wasm = (await WebAssembly.instantiate(module, { wbg: imports })).exports as unknown as Exports;
  return {
    decode(bytes) {
      picture = null;
      const at = wasm.__wbindgen_malloc(bytes.length, 1);
      new Uint8Array(wasm.memory.buffer, at >>> 0, bytes.length).set(bytes);
      wasm.decode(at, bytes.length);
      return picture;
    },
  };
});

/** → (H, W, 4), 16-bit pictures by their high bytes. */
export function decodePng(bytes: Uint8Array, { width, height }: Header, refuse: Refuse): Promise<Uint8Array> {
  return codec.use(width * height, (decoder) => {
    let picture: ReturnType<Decoder["decode"]> = null;
    try {
      picture = decoder.decode(bytes);
    } catch { /* a Rust panic, whose words say nothing */ }
    if (picture?.width !== width || picture.height !== height) {
      return refuse("the PNG cannot be decoded, its data is damaged; replace the file");
    }
    return picture.data;
  });
}
