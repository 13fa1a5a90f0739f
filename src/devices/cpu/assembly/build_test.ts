import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { wasmModule } from "./build.ts";

test("the checked-in WASM is what the sources compile to", async () => {
  const checkedIn = readFileSync(new URL("../wasm_bytes.ts", import.meta.url), "utf8");
  expect(checkedIn === await wasmModule(), "wasm_bytes.ts is stale: deno task build:wasm").toBe(true);
}, 60_000);
