import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecipeOptions } from "../src/train/recipe.ts";
import { train } from "./train.ts";

const recipe = (steps: number): RecipeOptions => ({
  stage: "pretrain",
  data: { train: { kind: "mosaics", size: 32, length: 64 }, heldOut: null, measured: 8 },
  encoder: { imageSize: 32, patchSize: 8, dim: 16, depth: 2, heads: 2 },
  pretrain: { target: "pixels", steps, batchSize: 4, minBlock: 1 },
  logEvery: 1,
});

const inFolder = async (use: (folder: string) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), "zellige-train-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const device = { device: "cpu", threads: 1 } as const;

test("a training is followed from its first event to its last, also by a reader who comes late", () =>
  inFolder(async (folder) => {
    const training = await train(recipe(4), { folder, device, workers: 0 });
    expect(await training.ended).toBe("done");
    const events = await Array.fromAsync(training);
    expect(events.filter(({ type }) => type !== "note").map(({ type }) => type)).toEqual(
      ["state", "job", "metrics", "metrics", "metrics", "metrics", "metrics", "checkpoint", "state"],
    );
    expect([await training.checkpoint(), await training.stop()]).toEqual([undefined, undefined]);
    expect(existsSync(join(training.path, "report.html"))).toBe(true);
  }), 60_000);

test("a training that is stopped while it is followed goes on where it was", () =>
  inFolder(async (folder) => {
    let steps = 0;
    await using first = await train(recipe(200), { folder, device, workers: 0 });
    for await (const event of first) {
      if (event.type === "metrics" && (steps = event.line.jobStep) === 3) await first.stop();
    }
    expect([await first.ended, steps < 200]).toEqual(["stopped", true]);
    const second = await train({}, { resume: first.path, device, workers: 0 });
    for await (const event of second) {
      if (event.type !== "metrics") continue;
      expect(event.line.jobStep).toBe(steps + 1);
      break; // leaving the loop leaves the training
    }
    await second.stop();
    expect(await second.ended).toBe("stopped");
  }), 60_000);

test("what the training fails of is thrown to its reader, what it cannot begin with to its caller", () =>
  inFolder(async (folder) => {
    const nowhere = { ...recipe(4), data: { train: { kind: "folder", path: join(folder, "nowhere") } } } as RecipeOptions;
    const failing = await train(nowhere, { folder, device, workers: 0 });
    const error = await Array.fromAsync(failing).catch((error) => error);
    expect([error.name, error.message.includes("nowhere")]).toEqual(["DataError", true]);
    const wrong = await train({ pretrain: { stepps: 3 } } as RecipeOptions, { folder }).catch((error) => error);
    expect([wrong.name, wrong.message]).toEqual(["RecipeError", expect.stringMatching(/unknown key pretrain\.stepps/)]);
  }), 60_000);
