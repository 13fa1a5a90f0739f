// deno run -A bench/serve.ts [--model SOURCE] [--device KIND] [--requests N] [--tiny] [--memory N] [--peer]: the server under load from a
// second process, beside `deno task embed` over the same pictures on the same device, each figure with its target; its memory over N more
// requests; the same load on onnxruntime-node behind a bare handler. --tiny takes a model and pictures so small that all is overhead.
//
// The load's process runs on the same cores, which embed has for itself. So two ratios are told: by the clock, and by processor time per
// picture (Linux), which the load does not change; the load's own share of the processor time stands beside them.

import { type ChildProcess, spawn } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { saveBeit } from "../src/checkpoint/beit/mod.ts";
import { encodePng } from "../src/data/encode.ts";
import { testPicture } from "../src/data/test_picture.ts";
import { beitParams } from "../src/models/beit.ts";
import { beitConfig } from "../src/models/beit_config.ts";
import { initialValues } from "../src/nn/parameters.ts";
import { followed, processorTime } from "./processor_time.ts";
import type { Load } from "./serve_load.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const run = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
const { values: flags } = parseArgs({
  options: {
    model: { type: "string" },
    device: { type: "string", default: "cpu" },
    requests: { type: "string" },
    tiny: { type: "boolean", default: false },
    memory: { type: "string", default: "0" },
    peer: { type: "boolean", default: false },
    size: { type: "string", default: "32" },
  },
});
const requests = Number(flags.requests ?? (flags.tiny ? 2000 : 400));

const begin = (args: string[]): ChildProcess =>
  spawn(process.execPath, [...run, ...args], { cwd: root, env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "1024" } });

async function output(args: string[]): Promise<{ text: string; processor: number }> {
  const child = begin(args), processor = followed(child);
  let text = "", errors = "";
  child.stdout!.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
  child.stderr!.on("data", (bytes: Uint8Array) => errors += new TextDecoder().decode(bytes));
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${errors}`);
  return { text, processor: processor() };
}

const target = (what: string, met: boolean, wanted: string) => console.log(`     ${met ? "met" : "MISSED"}: ${what}, target ${wanted}`);
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** What `deno task embed` does on the same device: pictures a second, and milliseconds on the processor for one more picture. */
async function offlineRate(folder: string, picture: string, model: string): Promise<{ rate: number; processor: number }> {
  const pass = async (name: string, pictures: number) => {
    const path = join(folder, name);
    mkdirSync(path);
    for (let i = 0; i < pictures; i++) linkSync(picture, join(path, `${i}.png`));
    const args = ["src/cli/embed.ts", path, "--model", model, "--device", flags.device!, "--workers", "2", "--batch", "64", "--json"];
    const { text, processor } = await output([...args, "--out", join(folder, `${name}.npy`)]);
    const { embedded, seconds } = JSON.parse(text);
    return { embedded, seconds, processor };
  };
  const few = await pass("few", 64), many = await pass("many", flags.tiny ? 3264 : 576), more = many.embedded - few.embedded;
  return { rate: many.embedded / many.seconds, processor: (many.processor - few.processor) / more };
}

interface Started {
  url: string;
  server: ChildProcess;
  /** Milliseconds. */
  ready: number;
  /** Seconds after the start until the first line of the log that begins so. */
  after: (message: string) => string;
}

async function started<T>(args: string[], use: (started: Started) => Promise<T>): Promise<T> {
  const began = Date.now(), server = begin(args);
  let log = "";
  const url = await new Promise<string>((resolve, reject) => {
    server.stderr!.on("data", (bytes: Uint8Array) => {
      if (log.includes('"message":"ready"')) return;
      log += new TextDecoder().decode(bytes);
      if (log.includes('"message":"ready"')) resolve(/"url":"([^"]+)"/.exec(log)![1]);
    });
    server.on("exit", (code) => reject(new Error(`${args[0]} ended with ${code}: ${log}`)));
  });
  const ready = Date.now() - began,
    after = (message: string) => {
      const line = log.split("\n").find((line) => line.includes(`"message":"${message}`));
      return line === undefined ? "-" : ((Date.parse(JSON.parse(line).time) - began) / 1000).toFixed(2);
    };
  try {
    return await use({ url, server, ready, after });
  } finally {
    server.removeAllListeners("exit");
    process.kill(server.pid!, "SIGTERM");
    await new Promise((resolve) => server.on("exit", resolve));
  }
}

const place = (folder: string) => ["--store", ":memory:", "--runs", join(folder, "runs"), "--port", "0", "--device", flags.device!];

/** The model that ships, since the folder of runs is empty. */
async function coldStart(folder: string): Promise<void> {
  await started(["serve.ts", ...place(folder)], ({ ready, after }) => {
    const seconds = (ready / 1000).toFixed(2),
      parts = `listening ${after("listening")}, device ${after("device")}, model ${after("model:")}`;
    console.log(`start of the model that ships: ready after ${seconds} s (${parts}; the last with its first kernels)`);
    return Promise.resolve(target(`cold start ${seconds} s`, ready < 3000, "under 3 s"));
  });
}

const resident = (pid: number | undefined): number =>
  process.platform === "linux" ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024 : NaN;

/** The load of one concurrency, from a second process, as a line. */
async function loaded({ url, server }: Started, concurrency: number, requests: number, picture: string) {
  const before = processorTime(server.pid);
  const { text } = await output(["bench/serve_load.ts", url, picture, String(concurrency), String(requests)]);
  const load = JSON.parse(text) as Load, { statuses, rate, p50, p99, added, pictures } = load;
  const processor = (processorTime(server.pid) - before) / pictures, byLoad = load.processor / pictures;
  console.log(
    `${String(concurrency).padStart(4)} at once: ${rate.toFixed(1)} pictures/s, answers ${JSON.stringify(statuses)}, median ${
      p50.toFixed(1)
    } ms, 99 % ${p99.toFixed(1)} ms, beside decoding and inference ${added.toFixed(1)} ms; processor ${
      processor.toFixed(2)
    } ms a picture, the load's own ${byLoad.toFixed(2)} (${percent(byLoad / (byLoad + processor))} of both), ${
      resident(server.pid).toFixed(0)
    } MiB`,
  );
  return { ...load, processor };
}

/** Pictures that the server counts by what became of them. */
async function outcomes(url: string): Promise<{ done: number; lost: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const count = (outcome: string) =>
    Number(new RegExp(`^zellige_pictures_total\\{outcome="${outcome}"\\} (\\d+)`, "m").exec(text)?.[1] ?? 0);
  return { done: count("done"), lost: count("failed") + count("left") };
}

/** A load that is not told: the first requests of a process wait for its compilers. */
const warmed = ({ url }: Started, picture: string) => output(["bench/serve_load.ts", url, picture, "8", flags.tiny ? "1000" : "150"]);

async function ours(server: Started, picture: string, offline: { rate: number; processor: number }): Promise<void> {
  await warmed(server, picture);
  for (const concurrency of [1, 8, 64, 512]) {
    const before = await outcomes(server.url);
    const load = await loaded(server, concurrency, Math.max(requests, 4 * concurrency), picture);
    const after = await outcomes(server.url), { statuses } = load;
    if (concurrency === 1) {
      target(`added latency ${load.added.toFixed(1)} ms at one at once`, load.added < 10, "under 10 ms");
      continue; // decoding and inference follow each other, which offline overlap
    }
    const clock = load.rate / offline.rate, processor = offline.processor / load.processor;
    target(`${percent(clock)} of embed's rate by the clock`, clock >= 0.9, "90 %");
    target(`${percent(processor)} of it by processor time per picture`, processor >= 0.9, "90 %");
    const others = Object.keys(statuses).filter((status) => status !== "200" && status !== "429");
    const answered = after.done - before.done === load.pictures && after.lost === before.lost;
    target(
      `${load.pictures} answers of 200 to ${after.done - before.done} accepted pictures, errors ${others.join(", ") || "none but 429"}`,
      answered && others.length === 0,
      "every accepted request answered, no error but 429",
    );
  }
  await memory(server, picture);
}

async function memory(server: Started, picture: string): Promise<void> {
  const total = Number(flags.memory), sizes: number[] = [];
  if (total === 0) return;
  for (let part = 0; part < 5; part++) {
    await loaded(server, 8, total / 5, picture);
    sizes.push(resident(server.server.pid));
  }
  const shown = sizes.map((size) => size.toFixed(0)).join(", ");
  target(
    `resident ${shown} MiB after each fifth of ${total} requests`,
    sizes[4] < 1.1 * sizes[0],
    "flat: the last within 10 % of the first",
  );
}

async function peer(folder: string, model: string, picture: string): Promise<void> {
  const onnx = join(folder, "model.onnx");
  await output(["src/cli/export.ts", model, "--out", onnx, "--task", "embedding"]);
  console.log("onnxruntime-node behind a bare handler:");
  await started(["bench/serve_peer.ts", onnx, flags.size!], async (server) => {
    await warmed(server, picture);
    for (const concurrency of [1, 8, 64]) await loaded(server, concurrency, requests, picture);
  });
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "zellige-bench-")), picture = join(folder, "picture.png");
  try {
    const side = flags.tiny ? 32 : 256, bytes = await encodePng(testPicture(side, side));
    writeFileSync(picture, bytes);
    let { model } = flags;
    if (!model) {
      const shape = flags.tiny ? { patchSize: 16, dim: 32, depth: 2, heads: 2 } : { patchSize: 4, dim: 192, depth: 6, heads: 3 };
      const config = beitConfig({ imageSize: 32, ...shape });
      const values = Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 1)]));
      await saveBeit(model = join(folder, "model.safetensors"), config, values);
    }
    console.log(`${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}; PNG of ${side} x ${side} pixels, ${bytes.length} bytes`);
    const offline = await offlineRate(folder, picture, model);
    console.log(
      `offline: ${offline.rate.toFixed(1)} pictures/s with deno task embed, batch 64, 2 workers; processor ${
        offline.processor.toFixed(2)
      } ms a picture`,
    );
    await coldStart(folder);
    await started(["serve.ts", "--model", model, ...place(folder)], (server) => ours(server, picture, offline));
    if (flags.peer) await peer(folder, model, picture);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
