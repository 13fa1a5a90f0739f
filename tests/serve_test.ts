// serve.ts as a person starts it: a process of its own, in the runtime of this test.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { saveBeit } from "../src/checkpoint/beit/mod.ts";
import { beitParams } from "../src/models/beit.ts";
import { type BeitConfig, beitConfig } from "../src/models/beit_config.ts";
import { initialValues } from "../src/nn/parameters.ts";
import { colourPng, dataUri } from "../src/server/testing.ts";
import { Run } from "../src/train/run.ts";
import { tinyRecipe } from "../src/train/testing.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const isDeno = "Deno" in globalThis, runtime = isDeno ? ["run", "-A", "serve.ts"] : ["serve.ts"];

interface Served {
  url: string;
  lines: string[];
  /** Sends SIGTERM and gives the exit code; in Deno child.kill() itself would make it null. */
  stop(): Promise<number | null>;
}

/** Starts the server and waits for its line "ready". */
function start(...flags: string[]): Promise<Served> {
  return startAs(runtime, flags);
}

function startAs(command: string[], flags: string[]): Promise<Served> {
  const child: ChildProcess = spawn(process.execPath, [...command, "--port", "0", "--device", "cpu", "--threads", "1", ...flags], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
  });
  const lines: string[] = [], ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  let rest = "";
  return new Promise((resolve, reject) => {
    child.stderr!.on("data", (bytes: Uint8Array) => {
      const parts = (rest + new TextDecoder().decode(bytes)).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
      if (!parts.some((line) => line.includes('"message":"ready"'))) return;
      const { url } = JSON.parse(lines.find((line) => line.includes('"message":"listening"'))!);
      resolve({ url, lines, stop: () => (process.kill(child.pid!, "SIGTERM"), ended) });
    });
    void ended.then((code) => reject(new Error(`serve.ts ended with ${code}: ${lines.join("\n")}`)));
  });
}

const large = beitConfig({ imageSize: 224, patchSize: 16, dim: 192, depth: 6, heads: 3 });
const valuesOf = (config: BeitConfig) =>
  Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 1)]));

setDefaultTimeout(120_000);
let folder: string, served: Served;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zellige-serve-"));
  await saveBeit(join(folder, "large.safetensors"), large, valuesOf(large));
  const recorded = Run.create(join(folder, "runs"), tinyRecipe(), "recorded");
  writeFileSync(recorded.metricsPath, '{"step":1,"stage":"finetune","job":"a","jobStep":1,"time":1,"train":{"loss":2}}\n');
  served = await start(
    "--model",
    join(folder, "large.safetensors"),
    "--runs",
    join(folder, "runs"),
    "--store",
    join(folder, "c.sqlite"),
    "--loaders",
    "0",
  );
});
afterAll(async () => {
  await served.stop();
  rmSync(folder, { recursive: true });
});

const post = (path: string, body: unknown) =>
  fetch(served.url + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });

test("requests are answered while a kernel of seconds runs", async () => {
  const red = dataUri(await colourPng(255, 0, 0));
  let embedded = false;
  const slow = post("/v1/embeddings", { input: new Array(16).fill(red), layer: 6 }).then((response) => (embedded = true, response));
  const run = "/v1/runs/recorded";
  const routes = [
    "/livez",
    "/v1/runs",
    run,
    `${run}/metrics`,
    `${run}/images`,
    `${run}/checkpoints`,
    `${run}/findings`,
    "/v1/recipes/schema",
  ];
  routes.push("/v1/models", "/v1/collections", "/metrics", "/");
  let answers = 0;
  while (!embedded) {
    const route = routes[answers++ % routes.length], response = await fetch(served.url + route);
    await response.arrayBuffer();
    expect([route, response.status]).toEqual([route, 200]);
  }
  const response = await slow;
  expect([response.status, (await response.json()).data.length]).toEqual([200, 16]);
  // A route that waits for the device would have been the last.
  expect(answers).toBeGreaterThan(routes.length + 1);
  expect(Number(response.headers.get("x-inference-time"))).toBeGreaterThan(100);
});

test("a run is started over HTTP, followed by its events to the end, and then put to work without a restart", async () => {
  const started = await post("/v1/runs", tinyRecipe());
  expect(started.status).toBe(202);
  const { id } = await started.json();
  const events = await (await fetch(`${served.url}/v1/runs/${id}/events`)).text();
  expect(events).toContain("event: metrics");
  expect(events).toMatch(/event: end\ndata: \{.*"state":"done"/);
  const activated = await post("/v1/models", { source: id });
  expect([activated.status, (await activated.json()).abilities]).toEqual([200, ["embed", "dense", "attention", "classify"]]);
  const { data } = await (await post("/v1/classify", { input: dataUri(await colourPng(9, 99, 200)), top: 1 })).json();
  expect(data[0].classes).toHaveLength(1);
  expect((await (await post("/v1/models", { source: "/etc/passwd" })).json()).error.message).toMatch(/outside the folders/);
});

test("a collection is filled and searched with the model at work, also by pictures that no decoder survives", async () => {
  expect(
    (await fetch(`${served.url}/v1/collections/colours`, { method: "PUT", body: "{}", headers: { "content-type": "application/json" } }))
      .status,
  ).toBe(200);
  const items = await Promise.all(
    [["red", 255, 0, 0], ["green", 0, 255, 0]].map(async ([id, r, g, b]) => ({ id, picture: dataUri(await colourPng(+r, +g, +b)) })),
  );
  const stored =
    await (await post("/v1/collections/colours/items", { items: [...items, { id: "bad", picture: "AAAA" }], on_error: "report" })).json();
  expect(stored).toMatchObject({ added: 2, errors: [{ id: "bad" }] });
  const found = await (await post("/v1/collections/colours/search", { picture: items[1].picture, k: 1 })).json();
  expect([found.data[0].id, Math.round(found.data[0].score * 1e4)]).toEqual(["green", 1e4]);
});

test("SIGTERM ends the server in order, and settings that are wrong end it at once", async () => {
  const other = await start("--store", join(folder, "other.sqlite"), "--runs", join(folder, "runs"));
  expect(other.lines.some((line) => line.includes("the newest run is served"))).toBe(true);
  expect([await other.stop(), other.lines.at(-1)]).toEqual([0, expect.stringContaining("closing")]);
  expect(other.lines.at(-1)).toContain('"message":"closing"');
  const failure = await start("--prot", "1").catch((error) => error.message);
  expect(failure).toMatch(/ended with 2: serve: .*--prot/);
  const missing = await start("--model", join(folder, "none.safetensors"), "--store", ":memory:").catch((error) => error.message);
  expect(missing).toMatch(/ended with 1: [\s\S]*none\.safetensors/);
});

test("the corrupt set through the decoders' workers is answered with 4xx, and the next request succeeds", async () => {
  const corrupt = new URL("../../shared/data/corrupt/", import.meta.url);
  if (!existsSync(corrupt)) return console.log("skipped: no ../shared/data/corrupt");
  for (const name of ["err_bomb_30000x30000_gray.png", "err_bad_idat.png", "err_truncated_50pct.jpg", "err_random.jpg", "err_vector.svg"]) {
    const response = await fetch(`${served.url}/v1/embeddings`, {
      method: "POST",
      body: readFileSync(new URL(name, corrupt)),
      headers: { "content-type": "image/png" },
    });
    expect([name, response.status]).toEqual([name, 422]);
    expect((await response.json()).error.type).toBe("bad_data");
  }
  expect((await post("/v1/embeddings", { input: dataUri(await colourPng(1, 2, 3)) })).status).toBe(200);
});

test("deno run -P serve.ts embeds and trains with the permissions of deno.json, and says where they end", async () => {
  if (!isDeno) return console.log("skipped: Bun has no permissions");
  mkdirSync(join(root, "data"), { recursive: true });
  const own = mkdtempSync(join(root, "data/serve-test-")), least = ["run", "-P", "--no-prompt", "serve.ts"];
  try {
    cpSync(join(folder, "large.safetensors"), join(own, "m.safetensors"));
    const places = ["--runs", join(own, "runs"), "--store", join(own, "c.sqlite"), "--loaders", "1"];
    const other = await startAs(least, ["--model", join(own, "m.safetensors"), ...places]);
    const json = { "content-type": "application/json" };
    const embedded = await fetch(`${other.url}/v1/embeddings`, {
      method: "POST",
      body: await colourPng(1, 2, 3),
      headers: { "content-type": "image/png" },
    });
    expect(embedded.status).toBe(200);
    const { id } = await (await fetch(`${other.url}/v1/runs`, { method: "POST", body: JSON.stringify(tinyRecipe()), headers: json }))
      .json();
    expect(await (await fetch(`${other.url}/v1/runs/${id}/events`)).text()).toMatch(/event: end\ndata: \{.*"state":"done"/);
    expect((await fetch(`${other.url}/v1/collections/a`, { method: "PUT", body: "{}", headers: json })).status).toBe(200);
    expect(await other.stop()).toBe(0);
    const refused = await startAs(least, ["--model", join(folder, "large.safetensors"), ...places]).catch((error) => error.message);
    expect(refused).toMatch(/ended with 1:[\s\S]*serve: Requires read access to .*deno\.json's permissions/);
  } finally {
    rmSync(own, { recursive: true });
  }
});
