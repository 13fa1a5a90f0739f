import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEmbedder, writeEmbedder } from "./embedder.ts";
import { writeSafetensors } from "./safetensors_write.ts";

test("an embedder's settings come back as they were written, and what does not fit is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "zellige-embedder-")), path = join(folder, "embedder.safetensors");
  const failure = () => readEmbedder(path).then(() => "none", (error: Error) => error.message);
  try {
    const whitening = { mean: Float32Array.of(1, 2, 3), matrix: Float32Array.of(1, 0, 0, 0, 1, 0) };
    const settings = { block: 9, pool: "mean" as const, encoder: "abc", dimensions: [1, 2], whitening };
    await writeEmbedder(path, settings);
    expect(await readEmbedder(path)).toEqual(settings);
    await writeEmbedder(path, { block: 2, pool: "both", encoder: "abc" });
    expect((await readEmbedder(path)).whitening).toBe(undefined);

    await writeEmbedder(path, { ...settings, dimensions: [3] });
    expect(await failure()).toMatch(/lengths 3 do not fit 2/);
    await writeEmbedder(path, { ...settings, block: -1 });
    expect(await failure()).toMatch(/\[-1,"mean","abc",\[1,2\]\]/);
    await writeSafetensors(path, {}, { embedder: '{"block":1,"pool":"mean","encoder":"abc","dimensions":5}' });
    expect(await failure()).toMatch(/\[1,"mean","abc",5\]/);
    await writeSafetensors(path, {}, { embedder: "{" });
    expect(await failure()).toMatch(/no JSON/);
    await writeSafetensors(path, { mean: { shape: [1], data: Float32Array.of(1) } });
    expect(await failure()).toMatch(/holds no settings/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
