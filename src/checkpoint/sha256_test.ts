import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Sha256 } from "./sha256.ts";

test("Sha256 is the runtime's SHA-256 for every length around a block, in parts of any size", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i * 37 + (i >> 3));
  for (let length = 0; length <= 200; length++) {
    const wanted = createHash("sha256").update(bytes.subarray(0, length)).digest("hex");
    expect(new Sha256().update(bytes.subarray(0, length)).digest("hex")).toBe(wanted);
    const parts = new Sha256();
    for (let at = 0; at < length; at += 7) parts.update(bytes.subarray(at, Math.min(length, at + 7)));
    expect(parts.digest("hex")).toBe(wanted);
  }
});

test("Sha256 takes text as UTF-8", () => {
  expect(new Sha256().update("Fès, ").update("زليج").digest("hex")).toBe(createHash("sha256").update("Fès, زليج").digest("hex"));
});
