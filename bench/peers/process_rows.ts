// What is measured in whole processes: import, cold start, and the image pipeline.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { augment, drawPlan, pretraining } from "../../src/data/augment.ts";
import { decode } from "../../src/data/decode.ts";
import { pilMilliseconds } from "../pil.ts";
import { type Contestant, contestants, Running } from "./contestants.ts";
import { type Job, jobs } from "./jobs.ts";

export interface Row {
  what: string;
  who: string;
  ms?: number;
  reason?: string;
}

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1];
const firstJob: Job = jobs.find(({ id }) => id === "ti-1")!;

/** Milliseconds of importing a module in a fresh process, without the runtime's own start. */
export function importRows(rounds: number): Row[] {
  const module = (path: string) => pathToFileURL(fileURLToPath(new URL(path, import.meta.url))).href;
  const wanted: [string, string][] = [
    ["Zellige mod.ts", module("../../mod.ts")],
    ["jax-js", "@jax-js/jax"],
    ["onnxruntime-web", module("packages/node_modules/onnxruntime-web/dist/ort.node.min.mjs")],
    ["onnxruntime-node", "onnxruntime-node"],
    ["tfjs", "@tensorflow/tfjs"],
  ];
  return wanted.flatMap(([who, name]) =>
    (["deno", "bun"] as const).map((runtime): Row => {
      const row = {
          what: "import",
          who: `${who}, ${runtime === "deno" ? "Deno" : "Bun"}`,
        },
        times: number[] = [];
      const ours = who.startsWith("Zellige"),
        probe = fileURLToPath(new URL("import_probe.ts", import.meta.url));
      const args = runtime === "bun" ? [probe] : ["run", "-A", ...ours ? [] : ["--node-modules-dir=manual", "--no-lock"], probe];
      for (let round = 0; round < rounds; round++) {
        const { status, stdout, stderr } = spawnSync(runtime, [...args, name], { encoding: "utf8" });
        if (status !== 0) {
          return {
            ...row,
            reason: stderr?.trim().split("\n").at(-1) || "does not start",
          };
        }
        times.push(Number(stdout.trim().split("\n").at(-1)));
      }
      return { ...row, ms: median(times) };
    })
  );
}

/** From the start of a process to the first logits of ViT-Tiny/16: runtime, import, device, weights, compilation, one run. */
export async function coldRow(contestant: Contestant, folder: string, rounds: number): Promise<Row> {
  const row = { what: "cold start", who: contestant.name },
    times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now(), running = new Running(contestant, folder);
    try {
      await running.ask({ do: "open" }, 60_000);
      await running.ask({ do: "prepare", job: firstJob }, 60_000);
      times.push(performance.now() - start);
    } catch (error) {
      return { ...row, reason: (error as Error).message };
    } finally {
      running.stop();
    }
  }
  return { ...row, ms: median(times) };
}

export const coldContestants: Contestant[] = contestants.filter(({ name }) => !name.includes("BLAS"));

/** One thread, a photo: decoding, color jitter, two views of 224 and 112. Needs photos beside the checkout. */
export async function pipelineRows(photos: number): Promise<Row[]> {
  const folder = fileURLToPath(
      new URL("../../../shared/data/imagenet-photos/images/", import.meta.url),
    ),
    what = "image pipeline";
  if (!existsSync(folder)) {
    return [{ what, who: "Zellige", reason: "no ../shared/data/imagenet-photos" }];
  }
  const files = readdirSync(folder).sort().slice(0, photos).map((name) => readFileSync(folder + name)),
    times: number[] = [];
  for (let epoch = 0; epoch < 4; epoch++) {
    const start = performance.now();
    for (const [index, file] of files.entries()) {
      const picture = await decode(file, { name: `photo ${index}` });
      augment(picture, drawPlan(picture, pretraining, { seed: 1, epoch, index }), pretraining);
    }
    if (epoch) times.push((performance.now() - start) / files.length); // the first round warms up
  }
  const peer = pilMilliseconds(folder, { photos, rounds: 3 });
  return [
    { what, who: "Zellige, one thread", ms: median(times) },
    peer === null ? { what, who: "PIL", reason: "python3 has no PIL" } : { what, who: "PIL, one thread", ms: peer },
  ];
}
