import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { asModule, compilePixels } from "./build.ts";

test("pixels_wasm.ts is what its sources compile to", async () => {
  const made = asModule(await compilePixels());
  expect(made).toBe(readFileSync(new URL("./pixels_wasm.ts", import.meta.url), "utf8"));
});
