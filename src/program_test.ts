import process from "node:process";
import { expect, test } from "bun:test";
import { add, multiply, permute, sum } from "../kernels/mod.ts";
import { providers } from "../tests/providers.ts";
import { defineOp, input, part, state, type Tensor } from "./graph.ts";
import { compile, evaluate } from "./program.ts";

for (const provider of providers) {
  test(`a program on ${provider.name} replays with new inputs`, async () => {
    const x = input("x", [3]), scale = input("scale", [1]);
    const program = await compile(await provider.open(), { y: multiply(x, scale), total: sum(x) });
    program.write({ x: [1, 2, 3], scale: 2 });
    program.run();
    expect([...await program.read("y")]).toEqual([2, 4, 6]);
    program.write({ scale: -1 }); // x stays as it was
    program.run();
    expect([...await program.read("y")]).toEqual([-1, -2, -3]);
    expect(await program.readNumber("total")).toBe(6);
    program.destroy();
  });

  test(`programs on ${provider.name} share states, which outlive the first of them`, async () => {
    const pack = state("pack", [128], () => Float32Array.from({ length: 128 }, (_, i) => i));
    const w = part(pack, 64, [2], "w"), x = input("x", [2]);
    const device = await provider.open();
    const first = await compile(device, { y: multiply(x, w) });
    const second = await compile(device, { z: add(x, w) }, { share: first });
    first.write({ w: [10, 20] });
    first.destroy();
    second.write({ x: [1, 1] });
    second.run();
    expect([...await second.read("z")]).toEqual([11, 21]);
    expect([...await second.read("w")]).toEqual([10, 20]);
    second.destroy();
  });

  test(`programs on ${provider.name} share scratch space, but no pack whose gaps lie elsewhere`, async () => {
    const device = await provider.open(), allocated: number[] = [];
    const counting = new Proxy(device, {
      get: (target, key) => {
        if (key === "allocate") return (name: string, bytes: number) => (allocated.push(bytes), device.allocate(name, bytes));
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const x = input("x", [64]), y = input("y", [40]), two = input("two", [1]);
    const twice = (t: Tensor) => multiply(pack({ a: multiply(t, t), b: add(t, t) }, {}).y, two);
    const long = await compile(counting, { total: sum(twice(x)) }), first = allocated.length;
    const short = await compile(counting, { total: sum(twice(y)) }, { share: long }), second = allocated.length - first;
    const again = await compile(counting, { total: sum(twice(x)) }, { share: long });
    for (let round = 0; round < 2; round++) {
      long.write({ x: Array(64).fill(1), two: 2 });
      short.write({ y: Array(40).fill(1), two: 2 });
      again.write({ x: Array(64).fill(3), two: 2 });
      for (const program of [long, short, again]) program.run();
      const totals = await Promise.all([long, short, again].map((program) => program.readNumber("total")));
      expect(totals).toEqual([64 * 2 * 3, 40 * 2 * 3, 64 * 2 * (9 + 6)]);
    }
    // Its inputs, its output, and a pack of another layout.
    expect(second).toBe(3);
    expect(allocated.length - first - second).toBe(2);
    for (const program of [long, again, short]) program.destroy();
  });

  test(`evaluate() on ${provider.name} compiles, runs and reads once`, async () => {
    const x = input("x", [2]);
    expect([...await evaluate(await provider.open(), add(x, x), { x: [1, 2] })]).toEqual([2, 4]);
  });

  test(`a program on ${provider.name} lets NaN and infinity through, and ends`, async () => {
    const x = input("x", [3]);
    const y = await evaluate(await provider.open(), multiply(x, x), { x: [NaN, Infinity, 2] });
    expect([...y]).toEqual([NaN, Infinity, 4]);
  });

  test(`a program in f16 on ${provider.name} rounds between its kernels, and what is too large becomes infinite`, async () => {
    const x = input("x", [2, 3]), device = await provider.open(), one = input("one", [1]);
    const between = multiply(x, one),
      program = () => compile(device, { moved: multiply(permute(between, [1, 0]), one), kept: add(x, one) }, { f16: 6 });
    if (!device.f16) {
      await expect(program()).rejects.toThrow(`compile: ${device.description} cannot keep values in f16; leave f16 out`);
      return;
    }
    const made = await program();
    expect(made.describe()).toContain("y (2, 3) f16 in");
    made.write({ x: [1 + 2 ** -12, 1 / 3, 65504, 1e5, -1e5, NaN], one: 1 });
    made.run();
    expect([...await made.read("moved")]).toEqual([1, Infinity, 0.333251953125, -Infinity, 65504, NaN]);
    expect([...await made.read("kept")].slice(0, 2)).toEqual([2 + 2 ** -12, 1 / 3 + 1].map(Math.fround));
    made.destroy();
  });

  test(`2,000 runs on ${provider.name} leave memory as it was`, async () => {
    const x = input("x", [64, 64]), w = state("w", [64, 64], () => new Float32Array(4096).fill(0.5));
    const program = await compile(await provider.open(), { loss: sum(multiply(x, w)) });
    const values = new Float32Array(4096).fill(1);
    const steps = async (n: number) => {
      for (let i = 0; i < n; i++) {
        program.write({ x: values });
        program.run();
        if (i % 50 === 0) expect(await program.readNumber("loss")).toBe(2048);
      }
      await program.device.idle();
    };
    await steps(2000); // until the runtime's own heap has grown to its size
    const before = process.memoryUsage().rss;
    await steps(2000);
    const grown = process.memoryUsage().rss - before;
    program.destroy();
    expect(grown).toBeLessThan(32e6); // one leaked buffer or bind group a run would be far more
  });
}

const { device } = { device: () => providers[providers.length - 1].open() };

test("write() and run() name what is wrong with the values", async () => {
  const program = await compile(await device(), { y: add(input("x", [2]), input("bias", [2])) });
  expect(() => program.write({ y: [1, 2] })).toThrow("write: no input or state is named y; this program has x, bias");
  expect(() => program.write({ x: [1, 2, 3] })).toThrow("write: x (2) holds 2 values, 3 were given");
  program.write({ x: [1, 2] });
  expect(() => program.run()).toThrow("run: inputs never written: bias");
  await expect(program.read("z")).rejects.toThrow("read: nothing is named z");
  program.destroy();
});

test("compile() refuses two leaves of one name", async () => {
  await expect(device().then((d) => compile(d, { y: add(input("x", [2]), input("x", [2])) }))).rejects.toThrow("two leaves are named x");
});

/** The smallest op whose output lays its inputs side by side. */
const pack = defineOp<Record<string, Tensor>, "y">({
  name: "pack",
  outputs: (inputs) => ({ y: [64 * Object.keys(inputs).length] }),
  places: (inputs) => Object.fromEntries(Object.keys(inputs).map((name, i) => [name, 64 * i])),
  launches: () => [],
  backward: null,
  reference: (data) => {
    const y = new Float64Array(64 * Object.keys(data).length);
    Object.values(data).forEach((d, i) => y.set(d, 64 * i));
    return { y };
  },
});

for (const provider of providers) {
  test(`values are made inside the pack that takes them on ${provider.name}, and its gaps are zero`, async () => {
    const x = input("x", [3]);
    const packed = pack({ a: add(x, x), b: multiply(x, x) }, {}).y;
    const program = await compile(await provider.open(), { packed });
    program.write({ x: [1, 2, 3] });
    program.run();
    const wanted = new Float32Array(128);
    wanted.set([2, 4, 6]);
    wanted.set([1, 4, 9], 64);
    expect([...await program.read("packed")]).toEqual([...wanted]);
    program.destroy();
  });
}

test("describe() prints buffers, nodes and launches", async () => {
  const program = await compile(await device(), { y: add(input("x", [2, 3]), input("bias", [3])).as("y") });
  expect(program.describe()).toMatch(/buffers[\s\S]*inputs[\s\S]*x, bias[\s\S]*nodes[\s\S]*add +y \(2, 3\) in \d[\s\S]*bytes planned/);
  program.destroy();
});
