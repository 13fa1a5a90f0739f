import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveBeit } from "../checkpoint/beit/mod.ts";
import { openDevice } from "../devices/mod.ts";
import { beitParams } from "../models/beit.ts";
import { beitConfig } from "../models/beit_config.ts";
import { initialValues } from "../nn/parameters.ts";
import { InferenceEngine } from "./engine.ts";

let folder: string;
const config = beitConfig({ imageSize: 16, patchSize: 8, dim: 16, depth: 2, heads: 2 });
const save = (name: string, seed: number) =>
  saveBeit(
    join(folder, name),
    config,
    Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, seed)])),
  );
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zellige-engine-"));
  await save("a.safetensors", 1);
  await save("b.safetensors", 2);
});
afterAll(() => rmSync(folder, { recursive: true }));

const pixels = () => ({ count: 1, size: 16, data: new Uint8Array(768).map((_, i) => i) });
const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);

test("models stand beside each other, have names of their own by their weights, and are freed one by one", async () => {
  const engine = new InferenceEngine({ open: () => openDevice({ device: "cpu", threads: 1 }) });
  const a = await engine.load(join(folder, "a.safetensors")), b = await engine.load(join(folder, "b.safetensors"));
  expect((await engine.load(join(folder, "a.safetensors"))).id).toBe(a.id);
  expect((await engine.models()).map(({ id }) => id)).toEqual([a.id, b.id]);
  const [one, two] = await Promise.all([engine.embed(a.id, pixels(), {}), engine.embed(b.id, pixels(), {})]);
  expect(one.data).not.toEqual(two.data);
  await engine.release(a.id);
  expect((await failure(Promise.resolve().then(() => engine.embed(a.id, pixels(), {})))).message).toMatch(/none is loaded as a-/);
  expect((await engine.embed(b.id, pixels(), {})).data).toEqual(two.data);
  await engine.close();
});

test("after the loss of its device the engine opens another, and the same names give the same vectors", async () => {
  let opened = 0;
  const lines: string[] = [];
  const engine = new InferenceEngine({
    open: () => (opened++, openDevice({ device: "cpu", threads: 1 })),
    log: (line) => lines.push(line),
  });
  const { id } = await engine.load(join(folder, "a.safetensors")), { data } = await engine.embed(id, pixels(), {});
  await (await engine.device()).destroy();
  const lost = await failure(Promise.resolve().then(() => engine.embed(id, pixels(), {})));
  expect(lost.name).toBe("DeviceLostError");
  while (opened < 2 || (await failure(Promise.resolve().then(() => engine.check()))).name === "DeviceLostError") {
    await new Promise((go) => setTimeout(go, 5));
  }
  expect((await engine.embed(id, pixels(), {})).data).toEqual(data);
  expect(lines.some((line) => line.includes("opening another"))).toBe(true);
  await engine.close();
});

test("close() is no loss: nothing is opened again", async () => {
  let opened = 0;
  const engine = new InferenceEngine({ open: () => (opened++, openDevice({ device: "cpu", threads: 1 })) });
  await engine.load(join(folder, "a.safetensors"));
  await engine.close();
  await new Promise((go) => setTimeout(go, 20));
  expect([opened, await engine.models()]).toEqual([1, []]);
});
