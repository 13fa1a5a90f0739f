// deno task build:wasm: compiles this folder to WASM, once with fused multiply-add (relaxed SIMD) and once without, and writes ../wasm_bytes.ts.

import { readFileSync, writeFileSync } from "node:fs";

/** The text of ../wasm_bytes.ts as these sources give it. The compiler is a development dependency: only this file and its test load it. */
export async function wasmModule(): Promise<string> {
  const plain = await compile("simd,threads"), fused = await compile("simd,threads,relaxed-simd");
  return [
    "// Made from assembly/ by assembly/build.ts (deno task build:wasm); a test compares the two.",
    `/** WASM bytes in base64: for engines with relaxed SIMD that fuse multiply-add. */\nexport const fusedWasm =\n  "${base64(fused)}";`,
    `/** WASM bytes in base64: for all other engines. */\nexport const plainWasm =\n  "${base64(plain)}";\n`,
  ].join("\n\n");
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

async function compile(features: string): Promise<Uint8Array> {
  const { default: asc } = await import("npm:assemblyscript@0.28.20/asc");
  let bytes: Uint8Array | null = null;
  const memory = [
    "--importMemory",
    "--noExportMemory",
    "--sharedMemory",
    "--memoryBase",
    "2048",
    "--initialMemory",
    "1",
    "--maximumMemory",
    "65536",
  ];
  const { error, stderr } = await asc.main(
    ["index.ts", "--outFile", "kernels.wasm", "--runtime", "stub", "-O3", "--converge", "--noAssert", "--enable", features, ...memory],
    {
      readFile(name: string) {
        try {
          return readFileSync(new URL(`./${name}`, import.meta.url), "utf8");
        } catch {
          return null; // the compiler tries several names for an import
        }
      },
      writeFile: (_name: string, contents: Uint8Array | string) => void (bytes = contents as Uint8Array),
      listFiles: () => [],
    },
  );
  if (error || !bytes) throw new Error(`build: the CPU kernels do not compile; ${stderr}`);
  return bytes;
}

if (import.meta.main) writeFileSync(new URL("../wasm_bytes.ts", import.meta.url), await wasmModule());
