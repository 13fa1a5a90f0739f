import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { asModule, compileResample } from "./build.ts";

test("resample_wasm.ts is what resample.ts compiles to", async () => {
  const made = asModule(await compileResample());
  expect(made).toBe(readFileSync(new URL("./resample_wasm.ts", import.meta.url), "utf8"));
});
