import { expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint, safetensorsBytes } from "./mod.ts";
import { checkpointError, fixture, inTemporaryFolder } from "./testing.ts";

test("openCheckpoint() goes by content, not by name", async () => {
  const files: [string, string, number][] = [
    ["beit_mim_abs.weights.safetensors", "safetensors", 35],
    ["beit_mim.pth", "torch", 35],
    ["beit_mim_legacy.pth", "torch", 35],
    ["encoder.pkl", "torch", 74],
  ];
  await inTemporaryFolder(async (folder) => {
    for (const [name, format, count] of files) {
      const path = fixture(name);
      if (!path) return;
      const disguised = join(folder, "weights.txt");
      copyFileSync(path, disguised);
      await using opened = await openCheckpoint(disguised);
      expect([opened.format, opened.tensors.size, opened.file], name).toEqual([format, count, disguised]);
    }
  });
});

test("openCheckpoint() passes `at` on and reads bytes", async () => {
  await using opened = await openCheckpoint(await safetensorsBytes({ a: { shape: [1], data: Float32Array.of(4) } }));
  expect(await opened.read("a")).toEqual(Float32Array.of(4));
  const path = fixture("train_ckpt.pth");
  if (!path) return;
  await using optimizer = await openCheckpoint(path, { at: "optimizer" });
  expect(optimizer.tensors.has("state.0.exp_avg")).toBe(true);
});

const strangers: [string, string, RegExp][] = [
  ["nothing", "", /begins with ""/],
  ["a web page", "<!DOCTYPE html><html><body>Not found</body></html>", /begins with "<!DOCTYPE html>/],
  ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0", /this is a Git LFS pointer, fetch the file itself/],
  ["a bare pickle", "\x80\x02}q\0.", /is no known checkpoint format/],
];
for (const [what, text, reason] of strangers) {
  test(`openCheckpoint() refuses ${what} and shows how it begins`, async () => {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    expect((await checkpointError(() => openCheckpoint(bytes))).message).toMatch(reason);
  });
}
