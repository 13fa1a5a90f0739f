import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "npm:onnxruntime-node@1.16.3";
import { saveBeit, saveHfBeit } from "../checkpoint/beit/mod.ts";
import { embedderFile, type EmbedderSettings, writeEmbedder } from "../checkpoint/embedder.ts";
import { fingerprint } from "../checkpoint/fingerprint.ts";
import { inTemporaryFolder } from "../checkpoint/testing.ts";
import { beitParams } from "../models/beit.ts";
import { beitConfig } from "../models/beit_config.ts";
import { initialValues } from "../nn/parameters.ts";
import { resolveRecipe } from "../train/recipe.ts";
import { saveCheckpoint } from "../train/run/checkpoint.ts";
import { Run } from "../train/run.ts";

const command = fileURLToPath(new URL("./export.ts", import.meta.url));
const minute = 60_000; // each run starts a runtime

function run(...args: string[]) {
  const runtime = process.versions.bun ? [command] : ["run", "-A", "--no-check", command];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...runtime, ...args], { encoding: "utf8", timeout: minute });
  return { status, stdout, stderr };
}

/** That a run ends so, and that what it says has `text` in it. */
function expectRun(args: string[], status: number, text: string) {
  const made = run(...args);
  expect([made.status, made.stdout + made.stderr]).toEqual([status, expect.stringContaining(text)]);
}

const config = beitConfig({ imageSize: 16, patchSize: 8, dim: 16, depth: 4, heads: 2, classes: 3, relativePositions: "per-block" });
const valuesOf = (of: typeof config) =>
  Object.fromEntries(Object.entries(beitParams(of)).map(([name, spec]) => [name, initialValues(name, spec, 1)]));
const values = valuesOf(config);

/** Name and shape of what the file gives for two pictures. */
async function resultOf(path: string) {
  const session = await InferenceSession.create(path), pictures = new Tensor("float32", new Float32Array(2 * 3 * 16 * 16), [2, 3, 16, 16]);
  const made = await session.run({ pixel_values: pictures }), [name] = session.outputNames;
  await session.release();
  return [name, ...made[name].dims];
}

test("export writes a classifier, or the embedding that is asked for", () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "beit.safetensors"), hf = join(folder, "hf"), out = join(folder, "model.onnx");
    await saveBeit(file, config, values);
    await saveHfBeit(hf, config, values, { labels: ["a", "b", "c"] });
    expectRun([hf, "--out", out], 0, "logits of 3 classes");
    expect(await resultOf(out)).toEqual(["logits", 2, 3]);
    expectRun([file, "--out", out, "--task", "embedding"], 0, "mean of block 3 of 4, ");
    expect(await resultOf(out)).toEqual(["embedding", 2, 16]);
    expectRun([file, "--out", out, "--block", "1", "--pool", "dense"], 0, "dense of block 1 of 4, ");
    expect(await resultOf(out)).toEqual(["embedding", 2, 4, 16]);
  }), minute);

test("export takes the embedder beside a model, and no embedder of another encoder", () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "beit.safetensors"), other = join(folder, "other.safetensors"), out = join(folder, "model.onnx");
    await saveBeit(file, config, values);
    const whitening = { mean: new Float32Array(16), matrix: new Float32Array(80).fill(1) };
    const settings: EmbedderSettings = { block: 2, pool: "mean", encoder: fingerprint(config, Object.entries(values)), whitening };
    await writeEmbedder(join(folder, embedderFile), settings);
    await writeEmbedder(other, { ...settings, encoder: "0".repeat(32) });
    expectRun([file, "--out", out, "--task", "embedding"], 0, "mean of block 2 of 4, whitened");
    expect(await resultOf(out)).toEqual(["embedding", 2, 5]);
    expectRun([file, "--out", out, "--embedder", other], 1, "was fitted on the encoder 0000");
  }), minute);

test(
  "export takes the encoder of a run that goes with the task, its classes, mean and deviation",
  () =>
    inTemporaryFolder(async (folder) => {
      const recipe = resolveRecipe({ preset: "mosaics-tiny", data: { mean: [0.25, 0.5, 0.75] } }),
        made = Run.create(folder, recipe, "a-run");
      expectRun([made.path, "--out", join(folder, "x.onnx")], 1, "no checkpoint of an encoder");
      const pretrained = beitConfig({ ...config, classes: undefined, vocab: 6 }), classes = ["star", "hexagon", "line"];
      const stages = [{ stage: "pretrain", model: pretrained }, { stage: "finetune", model: config, classes }] as const;
      for (const [step, { stage, model, ...more }] of stages.entries()) {
        const facts = { format: 1, stage, job: stage, jobStep: 1, step: step + 1, finished: true, recipe, skipped: 0, summed: 0 } as const;
        const table = beitParams(model),
          tensors = Object.entries(valuesOf(model)).map(([name, data]) => [name, { shape: table[name].shape, data }] as const);
        await saveCheckpoint(
          made.checkpointFolder,
          { ...facts, model: { kind: "beit", config: model, ...more }, random: { seed: 0, step: 0 }, metricsBytes: 0, time: 0 },
          { model: Object.fromEntries(tensors), trainer: {}, metadata: { beit: JSON.stringify(model) } },
        );
      }
      for (const [task, result] of [["embedding", ["embedding", 2, 16]], ["classifier", ["logits", 2, 3]]] as const) {
        const out = join(folder, `${task}.onnx`);
        expectRun([made.path, "--out", out, "--task", task], 0, stages[Number(task === "classifier")].stage);
        expect(await resultOf(out)).toEqual([...result]);
        const text = readFileSync(out, "latin1");
        expect(text).toContain('"mean":[0.25,0.5,0.75]');
        expect(text.includes(JSON.stringify(classes))).toBe(task === "classifier");
      }
    }),
  minute,
);

test(
  "export ends with 2 and its usage for wrong arguments, with 1 for a model that cannot be read",
  () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "beit.safetensors"), out = join(folder, "model.onnx");
      await saveBeit(file, config, values);
      const wrong: [string[], string][] = [
        [[], "0 models are given"],
        [[file], "--out is missing"],
        [[file, "--out", out, "--block", "two"], "--block is two; give a whole number from 0"],
        [[file, "--out", out, "--task", "classifier", "--pool", "mean"], "are of an embedding"],
      ];
      for (const [args, reason] of wrong) {
        expectRun(args, 2, reason);
      }
      expectRun([file, "--out", out, "--colour", "red"], 2, "Usage: deno task export");
      expectRun([join(folder, "none"), "--out", out], 1, "none: cannot be opened");
      expectRun([file, "--out", out, "--block", "5"], 1, "no block 5, the model has 4");
      expect(existsSync(out)).toBe(false);
      expectRun(["--help"], 0, "Exit code: 0 written");
    }),
  minute,
);
