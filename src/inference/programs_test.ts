import { expect, test } from "bun:test";
import { add, multiply } from "../../kernels/mod.ts";
import { openDevice } from "../devices/mod.ts";
import { storage } from "../graph.ts";
import { parameters } from "../nn/parameters.ts";
import { Programs } from "./programs.ts";

test("once the weights are on the device the host holds them no more, and every program sees them", async () => {
  const device = await openDevice({ device: "cpu", threads: 1 });
  const p = parameters({ w: { shape: [2], init: Float32Array.of(1, 2) }, unused: { shape: [1], init: 7 } });
  const programs = new Programs(device, p);
  const run = async (name: string, build: Parameters<Programs["get"]>[1]) => {
    const program = await programs.get(name, build);
    program.run();
    return [...await program.read("y")];
  };
  expect(await run("twice", () => ({ y: add(p.w, p.w) }))).toEqual([2, 4]);
  expect(storage(p.w).root.leaf!.init).toBe(undefined);
  expect(await run("squares", () => ({ y: multiply(p.w, p.w) }))).toEqual([1, 4]);
  expect(await run("unused", () => ({ y: add(p.unused, p.unused) }))).toEqual([14]);
  await programs.destroy();
  await device.destroy();
});
