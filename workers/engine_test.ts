import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveBeit } from "../src/checkpoint/beit/mod.ts";
import { beitParams } from "../src/models/beit.ts";
import { beitConfig } from "../src/models/beit_config.ts";
import { initialValues } from "../src/nn/parameters.ts";
import type { RunEvent } from "../src/server/engine.ts";
import { tinyRecipe } from "../src/train/testing.ts";
import { type OpenedEngine, openEngine } from "./open_engine.ts";
import { isWithin } from "./roots.ts";

let folder: string, engine: OpenedEngine;
const lines: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zellige-engine-"));
  for (const name of ["models", "served"]) mkdirSync(join(folder, name));
  const config = beitConfig({ imageSize: 16, patchSize: 8, dim: 16, depth: 2, heads: 2 });
  const values = Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 1)]));
  for (const name of ["served/a", "models/b", "outside"]) await saveBeit(join(folder, `${name}.safetensors`), config, values);
  engine = openEngine({
    device: "cpu",
    threads: 1,
    model: join(folder, "served/a.safetensors"),
    runs: join(folder, "runs"),
    workers: 0,
    roots: [join(folder, "models")],
    log: (line) => lines.push(line),
  });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);

test("the worker loads the model, and its answers cross over as typed arrays", async () => {
  await engine.ready;
  const [{ id, device }] = await engine.models();
  expect([id, device]).toEqual([expect.stringMatching(/^a-[0-9a-f]{8}$/), expect.stringMatching(/CPU|cpu/)]);
  const data = new Uint8Array(2 * 16 * 16 * 3).fill(100);
  const vectors = await engine.embed(id, { count: 2, size: 16, data }, {});
  expect([vectors.dimensions, vectors.data.length, vectors.data instanceof Float32Array]).toEqual([16, 32, true]);
  expect((await engine.check()).ms).toBeGreaterThan(0);
});

test("errors keep their class over the boundary", async () => {
  const [{ id }] = await engine.models();
  const shape = await failure(engine.embed(id, { count: 1, size: 9, data: new Uint8Array(9 * 9 * 3) }, {}));
  expect([shape.name, shape.message]).toEqual(["ShapeError", "a.safetensors: pictures have 9 pixels a side, this model takes 16"]);
  expect((await failure(engine.classify(id, { count: 1, size: 16, data: new Uint8Array(768) }))).message).toMatch(/cannot classify/);
  expect((await failure(engine.startRun({ stage: "nothing" }))).name).toBe("RecipeError");
});

test("a request may activate what lies below the roots, what was served first, and nothing else", async () => {
  const b = await engine.activate(join(folder, "models/b.safetensors"));
  expect(b.id).toMatch(/^b-/);
  await engine.release(b.id);
  expect((await engine.activate(join(folder, "served/a.safetensors"))).id).toMatch(/^a-/);
  symlinkSync(join(folder, "outside.safetensors"), join(folder, "models/link.safetensors"));
  for (const path of ["outside.safetensors", "models/../outside.safetensors", "models/link.safetensors", "models/none.safetensors"]) {
    expect((await failure(engine.activate(`${folder}/${path}`))).message).toMatch(/outside the folders that requests may name/);
  }
  expect((await failure(engine.activate("http://10.0.0.1/model.safetensors"))).message).toMatch(/outside/);
  const recipe = tinyRecipe({ data: { train: { kind: "folder", path: "/etc" } } });
  expect((await failure(engine.startRun(recipe))).message).toMatch(/data\.train\.path \/etc is not there, or outside/);
});

/** Events of a run until its state is one of these. */
async function until(id: string, ...states: string[]): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  while (true) {
    const events = await engine.events(id, seen.at(-1)?.id ?? -1, 5000);
    seen.push(...events);
    if (seen.some(({ data }) => states.includes((data as { state?: string }).state ?? ""))) return seen;
  }
}

test("a run trains in the worker, tells of it, is stopped, resumed to its end, and then served", async () => {
  const run = await engine.startRun(tinyRecipe({ finetune: { steps: 40 } }));
  expect([run.state, run.step, (await engine.run(run.id))!.id]).toEqual(["running", 0, run.id]);
  const queued = await engine.startRun(tinyRecipe({ finetune: { steps: 400 } }));
  expect(queued.state).toBe("queued");
  expect((await engine.controlRun(queued.id, "stop")).state).toBe("stopped");
  await engine.controlRun(run.id, "stop");
  const first = await until(run.id, "stopped", "done");
  expect(first.map(({ id }) => id)).toEqual(first.map(({ id }) => id).sort((a, b) => a - b));
  const stopped = (await engine.run(run.id))!;
  if (stopped.state === "stopped") await engine.controlRun(run.id, "resume");
  await until(run.id, "done", "failed");
  const ended = (await engine.run(run.id))!;
  expect([ended.state, ended.step]).toEqual(["done", ended.steps]);
  expect((await engine.metrics(run.id, ended.step - 4, 10)).map(({ step }) => ended.step - step)).toEqual([1, 0, 0]);
  expect((await engine.checkpoints(run.id)).at(-1)).toMatchObject({ name: "finetune-scratch-100pc-seed0-final", step: ended.step });
  expect((await engine.runs()).map(({ id }) => id).sort()).toEqual([run.id, queued.id].sort());
  const model = await engine.activate(run.id);
  expect(model).toMatchObject({ abilities: expect.arrayContaining(["classify"]), view: { size: 8, filter: "bicubic", share: 1 } });
  const { probabilities, classes } = await engine.classify(model.id, { count: 1, size: 8, data: new Uint8Array(192).fill(9) });
  expect(probabilities.length).toBe(classes.length);
  await engine.release(model.id);
  expect(((await engine.recipeSchema()) as { type: string }).type).toBe("object");
});

test("a run that is paused leaves the device to the next one and goes on where it was", async () => {
  const long = (await engine.startRun(tinyRecipe({ finetune: { steps: 4000 } }))).id, short = (await engine.startRun(tinyRecipe())).id;
  await engine.controlRun(long, "pause");
  await until(long, "paused");
  await until(short, "done", "failed");
  const [paused, ended] = [(await engine.run(long))!, (await engine.run(short))!];
  expect([paused.state, ended.state]).toEqual(["paused", "done"]);
  expect(["queued", "running"]).toContain((await engine.controlRun(long, "resume")).state); // the other one's report may be being drawn
  let { step } = paused;
  while (step <= paused.step) {
    await engine.events(long, Number.MAX_SAFE_INTEGER, 20);
    step = (await engine.run(long))!.step;
  }
  await engine.controlRun(long, "stop");
  await until(long, "stopped");
  expect((await engine.run(long))!.state).toBe("stopped");
});

test("a worker that cannot start, or dies, is an error that says so, and another is started", async () => {
  const settings = { device: "cpu" as const, threads: 1, runs: join(folder, "runs"), workers: 0, roots: [] };
  const broken = openEngine({ ...settings, spawn: () => new Worker(new URL("./none.ts", import.meta.url), { type: "module" }) });
  expect((await failure(broken.ready)).name).toBe("DeviceError");
  expect((await failure(broken.models())).name).toBe("DeviceLostError");
  await broken.close();

  const started: Worker[] = [],
    spawn = () => {
      started.push(new Worker(new URL("./engine.ts", import.meta.url), { type: "module" }));
      return started.at(-1)!;
    };
  const mortal = openEngine({ ...settings, spawn });
  await mortal.ready;
  const models = mortal.models();
  started[0].dispatchEvent(new ErrorEvent("error", { message: "killed by the test", cancelable: true }));
  expect((await failure(models)).message).toMatch(/killed by the test; it is started again/);
  expect([await mortal.models(), started.length]).toEqual([[], 2]);
  await mortal.close();
});

test("isWithin() follows links and compares whole names", () => {
  const inside = join(folder, "models");
  writeFileSync(join(folder, "models-2"), "");
  expect([isWithin(join(inside, "b.safetensors"), [inside]), isWithin(inside, [inside])]).toEqual([true, true]);
  expect([isWithin(join(folder, "models-2"), [inside]), isWithin(join(inside, ".."), [inside]), isWithin("", [inside])]).toEqual([
    false,
    false,
    false,
  ]);
  expect(isWithin("https://a.example/models/x", ["https://a.example/models"])).toBe(true);
  for (
    const address of [
      "https://a.example/models-2/x",
      "https://a.example/models/../x",
      "http://a.example/models/x",
      "https://a.example.evil/models/x",
    ]
  ) {
    expect(isWithin(address, ["https://a.example/models"]), address).toBe(false);
  }
});
