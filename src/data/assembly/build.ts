// Compiles resample.ts to WASM and writes the bytes as resample_wasm.ts: deno run -A src/data/assembly/build.ts

import { readFileSync, writeFileSync } from "node:fs";

/** The WASM bytes of resample.ts. The compiler is a development dependency: only this file and its test load it. */
export async function compileResample(): Promise<Uint8Array> {
  const { default: asc } = await import("npm:assemblyscript@0.28.20/asc");
  let bytes = new Uint8Array();
  const { error, stderr } = await asc.main(
    ["resample.ts", "--outFile", "resample.wasm", "--runtime", "stub", "--enable", "simd", "-O3", "--noAssert"],
    {
      readFile: (name: string) => name === "resample.ts" ? readFileSync(new URL("./resample.ts", import.meta.url), "utf8") : null,
      writeFile: (_name: string, contents: Uint8Array | string) => void (bytes = contents as Uint8Array<ArrayBuffer>),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`build: resample.ts does not compile; ${stderr}`);
  return bytes;
}

/** The text of resample_wasm.ts. */
export function asModule(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes)).replace(/.{1,120}/g, '  "$&",\n').trimEnd();
  return `// Made from resample.ts by build.ts; a test compares the two.\n\n/** WASM bytes, base64. */\nexport const resampleWasm = [\n${base64}\n].join("");\n`;
}

if (import.meta.main) {
  writeFileSync(new URL("./resample_wasm.ts", import.meta.url), asModule(await compileResample()));
}
