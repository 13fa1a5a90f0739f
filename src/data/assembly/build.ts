// Compiles resample.ts and enhance.ts to WASM and writes the bytes as pixels_wasm.ts: deno run -A src/data/assembly/build.ts

import { readFileSync, writeFileSync } from "node:fs";

const sources = ["resample.ts", "enhance.ts"];

/** The WASM bytes of the sources. The compiler is a development dependency: only this file and its test load it. */
export async function compilePixels(): Promise<Uint8Array> {
  const { default: asc } = await import("npm:assemblyscript@0.28.20/asc");
  let bytes = new Uint8Array();
  const { error, stderr } = await asc.main(
    [...sources, "--outFile", "pixels.wasm", "--runtime", "stub", "--enable", "simd", "-O3", "--noAssert"],
    {
      readFile: (name: string) => sources.includes(name) ? readFileSync(new URL(name, import.meta.url), "utf8") : null,
      writeFile: (_name: string, contents: Uint8Array | string) => void (bytes = contents as Uint8Array<ArrayBuffer>),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`build: ${sources.join(" or ")} does not compile; ${stderr}`);
  return bytes;
}

/** The text of pixels_wasm.ts. */
export function asModule(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes)).replace(/.{1,120}/g, '  "$&",\n').trimEnd();
  return `// Made from ${
    sources.join(" and ")
  } by build.ts; a test compares them.\n\n/** WASM bytes, base64. */\nexport const pixelsWasm = [\n${base64}\n].join("");\n`;
}

if (import.meta.main) {
  writeFileSync(new URL("./pixels_wasm.ts", import.meta.url), asModule(await compilePixels()));
}
