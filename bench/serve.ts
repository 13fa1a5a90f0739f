// deno run -A bench/serve.ts [--model SOURCE] [--device KIND] [--requests N]: the server under load from a second process, beside the
// rate at which `deno task embed` goes through the same pictures on the same device.

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
    writeFileSync(picture, await encodePng(testPicture(256, 256)));
    mkdirSync(pictures);
    for (let i = 0; i < 192; i++) writeFileSync(join(pictures, `${i}.png`), readFileSync(picture));
    let { model } = flags;
    if (!model) {
      const config = beitConfig({ imageSize: 32, patchSize: 4, dim: 192, depth: 6, heads: 3 });
      const values = Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 1)]));
      await saveBeit(model = join(folder, "model.safetensors"), config, values);
    }
    const embed = ["src/cli/embed.ts", pictures, "--model", model, "--device", flags.device!, "--workers", "2", "--batch", "64", "--json"];
    const offline = JSON.parse(await output([...embed, "--out", join(folder, "vectors.npy")]));
    console.log(`offline: ${(offline.embedded / offline.seconds).toFixed(1)} pictures/s with deno task embed, batch 64, 2 workers`);

    const serve = [
      "serve.ts",
      "--port",
      "0",
      "--device",
      flags.device!,
      "--model",
      model,
      "--store",
      ":memory:",
      "--runs",
      join(folder, "runs"),
    ];
    const began = performance.now(), server = spawn(process.execPath, [...run, ...serve], { cwd: root });
    const url = await new Promise<string>((resolve, reject) => {
      let log = "";
      server.stderr!.on("data", (bytes: Uint8Array) => {
        log += new TextDecoder().decode(bytes);
        if (log.includes('"message":"ready"')) resolve(/"url":"([^"]+)"/.exec(log)![1]);
      });
      server.on("exit", (code) => reject(new Error(`serve.ts ended with ${code}: ${log}`)));
    });
    console.log(`ready after ${((performance.now() - began) / 1000).toFixed(2)} s`);
    try {
      for (const concurrency of [1, 8, 64, 512]) {
        const requests = String(Math.max(Number(flags.requests), 4 * concurrency));
        const text = await output([
          self,
          "--load",
          url,
          "--concurrency",
          String(concurrency),
          "--requests",
          requests,
          "--picture",
          picture,
        ]);
        const { statuses, rate, p50, p99, added } = JSON.parse(text) as Load;
        const memory = process.platform === "linux"
          ? /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]
          : undefined;
        console.log(
          `${String(concurrency).padStart(4)} at once: ${rate.toFixed(1)} pictures/s, answers ${JSON.stringify(statuses)}, median ${
            p50.toFixed(1)
          } ms, ` +
            `99 % ${p99.toFixed(1)} ms, beside decoding and inference ${added.toFixed(1)} ms${
              memory ? `, ${(Number(memory) / 1024).toFixed(0)} MiB` : ""
            }`,
        );
      }
    } finally {
      server.removeAllListeners("exit");
      process.kill(server.pid!, "SIGTERM");
      await new Promise((resolve) => server.on("exit", resolve));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (flags.load) {
  console.log(
    JSON.stringify(await load(flags.load, new Uint8Array(readFileSync(flags.picture!)), Number(flags.concurrency), Number(flags.requests))),
  );
} else await main();
