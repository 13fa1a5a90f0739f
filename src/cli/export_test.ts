import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "npm:onnxruntime-node@1.16.3";
import { saveBeit, saveHfBeit } from "../checkpoint/beit/mod.ts";
import { writeSafetensors } from "../checkpoint/mod.ts";
import { inTemporaryFolder } from "../checkpoint/testing.ts";
import { beitParams } from "../models/beit.ts";
import { beitConfig } from "../models/beit_config.ts";
import { initialValues } from "../nn/parameters.ts";

const command = fileURLToPath(new URL("./export.ts", import.meta.url));

function run(...args: string[]) {
  const runtime = process.versions.bun ? [command] : ["run", "-A", "--no-check", command];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...runtime, ...args], { encoding: "utf8", timeout: 60_000 });
  return { status, stdout, stderr };
}

const config = beitConfig({ imageSize: 16, patchSize: 8, dim: 16, depth: 4, heads: 2, classes: 3, relativePositions: "per-block" });
const values = Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 1)]));

/** Name and shape of what the file gives for two pictures. */
async function resultOf(path: string) {
  const session = await InferenceSession.create(path), pictures = new Tensor("float32", new Float32Array(2 * 3 * 16 * 16), [2, 3, 16, 16]);
  const made = await session.run({ pixel_values: pictures }), [name] = session.outputNames;
  await session.release();
  return [name, ...made[name].dims];
}

test(
  "export writes a classifier, or the embedding that is asked for, from a file and from a folder",
  () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "beit.safetensors"), out = join(folder, "model.onnx"), whitening = join(folder, "whitening.safetensors");
      await saveBeit(file, config, values);
      await saveHfBeit(join(folder, "hf"), config, values, { labels: ["a", "b", "c"] });
      await writeSafetensors(whitening, {
        mean: { shape: [16], data: new Float32Array(16) },
        matrix: { shape: [5, 16], data: new Float32Array(80).fill(1) },
      });
      expect(run(join(folder, "hf"), "--out", out)).toMatchObject({ status: 0, stdout: expect.stringContaining("logits of 3 classes") });
      expect(await resultOf(out)).toEqual(["logits", 2, 3]);
      expect(run(file, "--out", out, "--task", "embedding")).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("mean of block 3 of 4"),
      });
      expect(await resultOf(out)).toEqual(["embedding", 2, 16]);
      expect(run(file, "--out", out, "--block", "2", "--whitening", whitening)).toMatchObject({ status: 0 });
      expect(await resultOf(out)).toEqual(["embedding", 2, 5]);
    }),
  30_000,
);

test(
  "export ends with 2 and its usage for wrong arguments, with 1 for a model that cannot be read",
  () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "beit.safetensors"), out = join(folder, "model.onnx");
      await saveBeit(file, config, values);
      const wrong: [string[], RegExp][] = [
        [[], /0 models are given/],
        [[file], /--out is missing/],
        [[file, "--out", out, "--block", "two"], /--block is two; give a whole number from 0/],
        [[file, "--out", out, "--task", "classifier", "--pool", "mean"], /are of an embedding/],
      ];
      for (const [args, reason] of wrong) {
        const { status, stderr } = run(...args);
        expect([status, stderr]).toEqual([2, expect.stringMatching(reason)]);
        expect(stderr).toContain("Usage: deno task export");
      }
      expect(run(join(folder, "none"), "--out", out)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("none: cannot be opened"),
      });
      expect(run(file, "--out", out, "--block", "5")).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("no block 5, the model has 4"),
      });
      expect(existsSync(out)).toBe(false);
      expect(run("--help")).toMatchObject({ status: 0, stdout: expect.stringContaining("Exit code: 0 written") });
    }),
  30_000,
);
