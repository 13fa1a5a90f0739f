// deno run -A bench/serve.ts [--model SOURCE] [--device KIND] [--requests N] [--tiny] [--memory N] [--peer]: the server under load from a
// second process, beside the rate at which `deno task embed` goes through the same pictures on the same device; its memory over N more
// requests; the same load on onnxruntime-node behind a bare handler. --tiny takes a model and pictures so small that all is overhead.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { saveBeit } from "../src/checkpoint/beit/mod.ts";
import { encodePng } from "../src/data/encode.ts";
import { beitParams } from "../src/models/beit.ts";
import { beitConfig } from "../src/models/beit_config.ts";
import { initialValues } from "../src/nn/parameters.ts";
import { testPicture } from "../src/data/test_picture.ts";

const root = fileURLToPath(new URL("../", import.meta.url)), self = fileURLToPath(import.meta.url);
const run = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
const { values: flags } = parseArgs({
  options: {
    model: { type: "string" },
    device: { type: "string", default: "cpu" },
    requests: { type: "string", default: "400" },
    load: { type: "string" },
    concurrency: { type: "string", default: "1" },
    picture: { type: "string" },
    tiny: { type: "boolean", default: false },
    memory: { type: "string", default: "0" },
    peer: { type: "boolean", default: false },
    size: { type: "string", default: "32" },
  },
});

interface Load {
  concurrency: number;
  /** Answers by status. */
  statuses: Record<string, number>;
  /** Pictures that were embedded, a second. */
  rate: number;
  /** Milliseconds of an answer, and of it beside decoding and inference. */
  p50: number;
  p99: number;
  added: number;
}

/** So many requests, so many at once; whoever is refused waits as long as the answer says. */
async function load(url: string, bytes: Uint8Array<ArrayBuffer>, concurrency: number, requests: number): Promise<Load> {
  const statuses: Record<string, number> = {}, whole: number[] = [], added: number[] = [];
  let left = requests;
  const began = performance.now();
  const client = async () => {
    while (left-- > 0) {
      const sent = performance.now();
      const response = await fetch(`${url}/v1/embeddings?encoding_format=base64`, {
        method: "POST",
        body: bytes,
        headers: { "content-type": "image/png" },
      });
      await response.arrayBuffer();
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
      const ms = performance.now() - sent, told = (name: string) => Number(response.headers.get(name));
      if (response.ok) {
        whole.push(ms);
        added.push(ms - told("x-inference-time") - told("x-decode-time"));
      } else await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get("retry-after") ?? 1)));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  const at = (list: number[], share: number) => list.sort((a, b) => a - b)[Math.floor(list.length * share)] ?? NaN;
  const seconds = (performance.now() - began) / 1000;
  return { concurrency, statuses, rate: whole.length / seconds, p50: at(whole, 0.5), p99: at(whole, 0.99), added: at(added, 0.5) };
}

function output(args: string[]): Promise<string> {
  const child = spawn(process.execPath, [...run, ...args], { cwd: root, env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "1024" } });
  let text = "", errors = "";
  child.stdout!.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
  child.stderr!.on("data", (bytes: Uint8Array) => errors += new TextDecoder().decode(bytes));
  return new Promise((resolve, reject) =>
    child.on("exit", (code) => code === 0 ? resolve(text) : reject(new Error(`${args[0]} ended with ${code}: ${errors}`)))
  );
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "zellige-bench-")), pictures = join(folder, "pictures"), picture = join(folder, "picture.png");
  try {
    writeFileSync(picture, await encodePng(flags.tiny ? testPicture(32, 32) : testPicture(256, 256)));
    mkdirSync(pictures);
    for (let i = 0; i < 192; i++) writeFileSync(join(pictures, `${i}.png`), readFileSync(picture));
    let { model } = flags;
    if (!model) {
      const shape = flags.tiny ? { patchSize: 16, dim: 32, depth: 2, heads: 2 } : { patchSize: 4, dim: 192, depth: 6, heads: 3 };
      const config = beitConfig({ imageSize: 32, ...shape });
      const values = Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 1)]));
      await saveBeit(model = join(folder, "model.safetensors"), config, values);
    }
    const embed = ["src/cli/embed.ts", pictures, "--model", model, "--device", flags.device!, "--workers", "2", "--batch", "64", "--json"];
    const offline = JSON.parse(await output([...embed, "--out", join(folder, "vectors.npy")]));
    console.log(`offline: ${(offline.embedded / offline.seconds).toFixed(1)} pictures/s with deno task embed, batch 64, 2 workers`);

    const place = ["--store", ":memory:", "--runs", join(folder, "runs"), "--port", "0", "--device", flags.device!];
    await measured(["serve.ts", "--model", model, ...place], async (url, memory) => {
      await warmed(url, picture);
      for (const concurrency of [1, 8, 64, 512]) {
        await loaded(url, concurrency, Math.max(Number(flags.requests), 4 * concurrency), picture, memory);
      }
      for (let done = 0; done < Number(flags.memory); done += Number(flags.memory) / 5) {
        await loaded(url, 8, Number(flags.memory) / 5, picture, memory);
      }
    });
    if (flags.peer) {
      const onnx = join(folder, "model.onnx");
      await output(["src/cli/export.ts", model, "--out", onnx, "--task", "embedding"]);
      console.log("onnxruntime-node behind a bare handler:");
      await measured(["bench/serve_peer.ts", onnx, flags.size!], async (url, memory) => {
        await warmed(url, picture);
        for (const concurrency of [1, 8, 64]) await loaded(url, concurrency, Number(flags.requests), picture, memory);
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a server until `use` is done; tells how long it took to begin, from the times of its log. */
async function measured(args: string[], use: (url: string, memory: () => string) => Promise<void>): Promise<void> {
  const began = Date.now(), server = spawn(process.execPath, [...run, ...args], { cwd: root });
  let log = "";
  const url = await new Promise<string>((resolve, reject) => {
    server.stderr!.on("data", (bytes: Uint8Array) => {
      log += new TextDecoder().decode(bytes);
      if (log.includes('"message":"ready"')) resolve(/"url":"([^"]+)"/.exec(log)![1]);
    });
    server.on("exit", (code) => reject(new Error(`${args[0]} ended with ${code}: ${log}`)));
  });
  const ready = Date.now() - began,
    after = (start: string) => {
      const line = log.split("\n").find((line) => line.includes(`"message":"${start}`));
      return line === undefined ? "-" : ((Date.parse(JSON.parse(line).time) - began) / 1000).toFixed(2);
    };
  console.log(
    `ready after ${(ready / 1000).toFixed(2)} s (listening ${after("listening")}, device ${after("device")}, model and its first kernels ${
      after("model")
    })`,
  );
  const memory = () =>
    process.platform === "linux"
      ? `, ${(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]) / 1024).toFixed(0)} MiB`
      : "";
  try {
    await use(url, memory);
  } finally {
    server.removeAllListeners("exit");
    process.kill(server.pid!, "SIGTERM");
    await new Promise((resolve) => server.on("exit", resolve));
  }
}

/** A load that is not told: the first requests of a process wait for its compilers. */
const warmed = (url: string, picture: string): Promise<string> =>
  output([self, "--load", url, "--concurrency", "8", "--requests", flags.tiny ? "1000" : "100", "--picture", picture]);

/** The load of one concurrency, from a second process, as a line. */
async function loaded(url: string, concurrency: number, requests: number, picture: string, memory: () => string): Promise<void> {
  const asked = ["--load", url, "--concurrency", String(concurrency), "--requests", String(requests), "--picture", picture];
  const { statuses, rate, p50, p99, added } = JSON.parse(await output([self, ...asked])) as Load;
  console.log(
    `${String(concurrency).padStart(4)} at once: ${rate.toFixed(1)} pictures/s, answers ${JSON.stringify(statuses)}, median ${
      p50.toFixed(1)
    } ms, 99 % ${p99.toFixed(1)} ms, beside decoding and inference ${added.toFixed(1)} ms${memory()}`,
  );
}

if (flags.load) {
  console.log(
    JSON.stringify(await load(flags.load, new Uint8Array(readFileSync(flags.picture!)), Number(flags.concurrency), Number(flags.requests))),
  );
} else await main();
